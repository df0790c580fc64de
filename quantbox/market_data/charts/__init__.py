"""What pages show of market data: lists with last prices, bars for a chart, the limits of the next session."""

"""Codes by text message, through Aliyun under the owner's own access key; off until the owner configures it."""

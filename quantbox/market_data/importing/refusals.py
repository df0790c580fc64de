"""Why a whole file is refused, one class per reason.

FileRefused (Invalid)
 ├ not a file of bars: FileMissing, FileUnreadable, FileEmpty, FileTooLarge, TooManyRows, ForeignFile, NotBars,
 │                     LaterFormat, HeaderMissing, ColumnsMissing, BarLengthUnknown
 ├ whose bars:         SymbolMissing, SymbolContradicted, SymbolUnreadable, AnotherInstrument
 ├ adjusted or not:    AdjustedContent, AdjustedByDeclaration, AdjustContradicted, AdjustedContradicted, RawContradicted,
 │                     NegativePrices
 ├ units:              UnitsContradicted
 └ quality:            TooManyBadRows, NothingLeft
"""

from __future__ import annotations

from quantbox.core.errors import Invalid
from quantbox.core.text import Text

__all__ = [
    "AdjustContradicted",
    "AdjustedByDeclaration",
    "AdjustedContent",
    "AdjustedContradicted",
    "AnotherInstrument",
    "BarLengthUnknown",
    "ColumnsMissing",
    "FileEmpty",
    "FileMissing",
    "FileRefused",
    "FileTooLarge",
    "FileUnreadable",
    "ForeignFile",
    "HeaderMissing",
    "LaterFormat",
    "NegativePrices",
    "NotBars",
    "NothingLeft",
    "RawContradicted",
    "SymbolContradicted",
    "SymbolMissing",
    "SymbolUnreadable",
    "TooManyBadRows",
    "TooManyRows",
    "UnitsContradicted",
]


class FileRefused(Invalid):
    """Nothing of a file is taken, for the reason of the subclass."""

    code = "market_data.file_refused"


class FileMissing(FileRefused):
    """The path names nothing."""

    code = "market_data.file_missing"
    sentence = Text("没有这个文件或文件夹", "There is no such file or folder")


class FileUnreadable(FileRefused):
    """The operating system does not let it be read."""

    code = "market_data.file_unreadable"
    sentence = Text("无法读取文件：{reason}", "The file cannot be read: {reason}")


class FileEmpty(FileRefused):
    """There is not one row in it."""

    code = "market_data.file_empty"
    sentence = Text("文件里没有任何行情数据", "The file holds no bar at all")


class FileTooLarge(FileRefused):
    """More bytes than one import takes."""

    code = "market_data.file_too_large"
    sentence = Text(
        "文件有 {megabytes} MB，上限 {limit} MB；请拆分", "The file has {megabytes} MB, the limit is {limit} MB; split it"
    )


class TooManyRows(FileRefused):
    """More rows than one import takes."""

    code = "market_data.too_many_rows"
    sentence = Text("文件超过 {limit} 行；请拆分", "The file has more than {limit} rows; split it")


class LineTooLong(FileRefused):
    """A line no table of bars has."""

    code = "market_data.line_too_long"
    sentence = Text(
        "第 {line} 行超过 {limit} 个字符，不是行情文件", "Line {line} has more than {limit} characters; this is no file of bars"
    )


class ForeignFile(FileRefused):
    """Another kind of file, whatever its name says."""

    code = "market_data.foreign_file"
    sentence = Text("这是 {what} 文件，不是行情数据", "This is a file of kind {what}, not bars")


class NotBars(FileRefused):
    """Neither a known binary layout nor a table with the columns of bars."""

    code = "market_data.not_bars"
    sentence = Text("内容不是可识别的 K 线数据", "The content is no bar data that is recognised")


class LaterFormat(FileRefused):
    """Market or account data of a kind that is not imported as bars of shares, indices and funds."""

    code = "market_data.not_importable"
    sentence = Text(
        "这是{what_zh}，不能作为股票、指数或基金的 K 线导入",
        "This is {what_en}; it cannot be imported as bars of shares, indices or funds",
    )


class HeaderMissing(FileRefused):
    """The first line is already data."""

    code = "market_data.header_missing"
    sentence = Text(
        "第一行就是数据，没有列名；请加上列名（date,open,high,low,close,volume）",
        "The first line is data already; add a line of column names (date,open,high,low,close,volume)",
    )


class ColumnsMissing(FileRefused):
    """A table of bars that lacks a column no bar can do without."""

    code = "market_data.columns_missing"
    sentence = Text("缺少列：{columns}", "Columns are missing: {columns}")


class BarLengthUnknown(FileRefused):
    """Neither days nor minutes of a length that is stored."""

    code = "market_data.bar_length_unknown"
    sentence = Text(
        "K 线周期是{found}，只接受日线和 1、5、15、30、60 分钟线",
        "The bar length is {found}; only days and 1, 5, 15, 30, 60 minutes are taken",
    )


class SymbolMissing(FileRefused):
    """Neither content nor owner nor file name says whose bars these are."""

    code = "market_data.symbol_missing"
    sentence = Text(
        "看不出是哪只证券：内容里没有代码，文件名里也没有带市场的代码；请用 --symbol 指明，例如 --symbol 600519.SH",
        "Nothing says whose bars these are: no code in the content,"
        " none with its market in the file name; name it with --symbol, for example --symbol 600519.SH",
    )


class SymbolContradicted(FileRefused):
    """Content, owner and file name do not agree."""

    code = "market_data.symbol_contradicted"
    sentence = Text(
        "证券代码互相矛盾：{claims}；请用 --symbol 指明正确的代码或改正文件",
        "The symbols contradict each other: {claims}; name the right one with --symbol or correct the file",
    )


class SymbolUnreadable(FileRefused):
    """A code that is no A-share, index, fund or bond."""

    code = "market_data.symbol_unreadable"
    sentence = Text(
        "代码“{text}”不是沪深北证券代码；请用 --symbol 指明",
        "The code '{text}' is none of Shanghai, Shenzhen or Beijing; name it with --symbol",
    )


class AnotherInstrument(FileRefused):
    """The bars are not those stored for this symbol."""

    code = "market_data.another_instrument"
    sentence = Text(
        "与已存的 {symbol} 不符：{days} 个共同交易日中有 {different} 天收盘价相差 1% 以上"
        "（如 {date}：文件 {here}，已存 {stored}）；可能是别的证券或复权数据，请核对 --symbol",
        "These are not the bars stored for {symbol}:"
        " of {days} days in common {different} closes differ by more than 1 % (on {date}: file {here},"
        " stored {stored}); another instrument or adjusted data, check --symbol",
    )


class AdjustedContent(FileRefused):
    """Amount and volume prove that the prices are not those traded."""

    code = "market_data.adjusted_content"
    sentence = Text(
        "不是未复权数据：{failing}/{tested} 天的成交额÷成交量不在最低价与最高价之间，"
        "第一处 {date}：{average} 不在 {low}～{high}；"
        "若为复权数据请用 --adjust qfq 或 --adjust hfq 声明，只作显示",
        "These are not raw prices:"
        " on {failing} of {tested} days amount / volume is not within low and high, first on {date}:"
        " {average} is not within {low} to {high}; if they are adjusted,"
        " declare it with --adjust qfq or --adjust hfq, for display only",
    )


class RawContradicted(FileRefused):
    """The owner or the file says raw, the content says otherwise."""

    code = "market_data.raw_contradicted"
    sentence = Text(
        "声明为未复权（--adjust none），但内容不符：{failing}/{tested} 天的成交额÷成交量不在最低价与最高价之间，"
        "第一处 {date}：{average} 不在 {low}～{high}",
        "Declared raw (--adjust none), but the content contradicts:"
        " on {failing} of {tested} days amount / volume is not within low and high, first on {date}:"
        " {average} is not within {low} to {high}",
    )


class AdjustedByDeclaration(FileRefused):
    """The file itself says it is adjusted and the owner did not ask for that."""

    code = "market_data.adjusted_by_declaration"
    sentence = Text(
        "文件自己声明为{name_zh}数据，不能作为未复权数据保存；要作为显示序列保存请用 --adjust {adjust}",
        "The file declares itself adjusted ({adjust}) and is not stored as raw; to keep it for display use --adjust {adjust}",
    )


class AdjustContradicted(FileRefused):
    """The owner's declaration against the file's own."""

    code = "market_data.adjust_contradicted"
    sentence = Text(
        "--adjust {owner} 与文件自己的声明 {file} 矛盾", "--adjust {owner} contradicts the file's own declaration, {file}"
    )


class AdjustedContradicted(FileRefused):
    """The owner says adjusted in one way, the content says otherwise."""

    code = "market_data.adjusted_contradicted"
    sentence = Text(
        "声明为{name_zh}（--adjust {adjust}），但内容不符：{date} {reason_zh}",
        "Declared {adjust}, but the content contradicts: on {date} {reason_en}",
    )


class NegativePrices(FileRefused):
    """Prices at or below zero exist only in adjusted series."""

    code = "market_data.negative_prices"
    sentence = Text(
        "第 {line} 行（{date}）价格 {price} 不大于零，这只会出现在复权数据里；请用 --adjust qfq 声明，只作显示",
        "Line {line} ({date}) has the price {price}, not above zero, which only adjusted data has;"
        " declare it with --adjust qfq, for display only",
    )


class UnitsContradicted(FileRefused):
    """Amount and volume prove other units than the layout has."""

    code = "market_data.units_contradicted"
    sentence = Text(
        "成交额÷成交量是价格的 {ratio} 倍，与 {format} 格式的单位不符",
        "Amount / volume is {ratio} times the price, which is not the unit of the layout {format}",
    )


class TooManyBadRows(FileRefused):
    """So much is wrong that the rest is not believed either."""

    code = "market_data.too_many_bad_rows"
    sentence = Text(
        "{rows} 行中有 {bad} 行有错，超过 {limit_pct}%，整个文件不采用；第一处在第 {line} 行 {column} 列：{reason_zh}",
        "{bad} of {rows} rows are bad, more than {limit_pct} %, so nothing of the file is taken;"
        " first line {line}, column {column}: {reason_en}",
    )


class NothingLeft(FileRefused):
    """No row is a bar."""

    code = "market_data.nothing_left"
    sentence = Text("没有一行可用的 K 线", "Not one row is a usable bar")

using System.Text;
using RftAspire.Contracts.Graders;
using RftAspire.Ingestion;

namespace RftAspire.Services.Tests.Ingestion;

public sealed class DatasetCheckerTests
{
    private const string Sound = """{"messages":[{"role":"user","content":"One?"}],"labels":["A"]}""";

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"x":{"k":1,"\u006b":2}}""", "duplicate_key", "\"k\"")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"x":1}{}""", "invalid_json", "one object a line")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"x":[1,]}""", "invalid_json", "remove the comma")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"x":Infinity}""", "invalid_json", "not JSON")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"x":01}""", "invalid_json", "byte")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}] // comment""", "invalid_json", "byte")]
    [InlineData("""{"messages":[{"role":"user","content":"\ude00\ud83d"}]}""", "lone_surrogate", "ude00")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"\ud83d":1}""", "lone_surrogate", "ud83d")]
    [InlineData("""{"messages":["Hello"]}""", "message_not_object", "messages[0] is \"Hello\"")]
    [InlineData("""{"messages":[{"content":"a"}]}""", "unknown_role", "messages[0].role is missing")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "content_not_text", "messages[0].content is missing")]
    [InlineData("""{"messages":[{"role":"user","content":[]}]}""", "content_empty", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}""", "content_not_text", "image_url")]
    [InlineData("""[{"messages":[{"role":"user","content":"a"}]}]""", "row_not_object", "write an object")]
    public void Check_FaultyLine_RejectsWithLineCodeAndValue(string line, string code, string part)
    {
        var report = Check($"{Sound}\n\n{line}\n");

        Assert.Equal(DatasetVerdict.Reject, report.Verdict);
        var finding = Assert.Single(report.Findings);
        Assert.Equal((3, code), (finding.Line!.Value, finding.Code));
        Assert.Contains(part, finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}""")]
    [InlineData("""{"messages":[{"role":"developer","content":"d"},{"role":"user","content":"q"},{"role":"assistant","content":"r"},{"role":"user","content":"s"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"\ud83d\ude00 \\ud83d \u00e9"}]}""")]
    public void Check_SoundLine_Accepts(string line) => Assert.Equal(DatasetVerdict.Accept, Check(line).Verdict);

    [Theory]
    [InlineData(63, DatasetVerdict.Accept)]
    [InlineData(64, DatasetVerdict.Reject)]
    public void Check_NestedColumn_IsBoundedAtSixtyFourLevels(int arrays, DatasetVerdict verdict)
    {
        var nested = new string('[', arrays) + new string(']', arrays);

        var report = Check($$"""{"messages":[{"role":"user","content":"a"}],"x":{{nested}}}""");

        Assert.Equal(verdict, report.Verdict);
        Assert.All(report.Findings, finding => Assert.Equal("too_deep", finding.Code));
    }

    [Fact]
    public void Check_LineAboveTheLimit_IsRejectedWithoutBeingHeld()
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);

        var report = DatasetChecker.Check(new EndlessLine(256 * 1024 * 1024), null, new DatasetCheckOptions { MaxLineBytes = 1024 * 1024 });

        Assert.Equal((1, "line_too_long"), (report.Findings.Single().Line!.Value, report.Findings.Single().Code));
        Assert.True(GC.GetTotalAllocatedBytes(precise: true) - before < 64 * 1024 * 1024);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void Check_StreamReadInPieces_SeesTheSameLines(int piece)
    {
        var text = $"{Sound}\r\n \t\n{Sound.Replace("One", "Two", StringComparison.Ordinal)}\nbad";

        var report = DatasetChecker.Check(new PiecewiseStream(Encoding.UTF8.GetBytes(text), piece));

        Assert.Equal((2, 4), (report.Rows, report.Findings.Single().Line!.Value));
    }

    [Fact]
    public void Check_MoreFaultsThanListed_KeepsFaultsBeforeDoubtsInLineOrder()
    {
        var doubts = string.Concat(Enumerable.Repeat(Sound + "\n", 150));

        var report = Check($"{doubts}bad\n");

        Assert.Equal(DatasetVerdict.Reject, report.Verdict);
        Assert.Equal((DatasetReport.MaxFindings, 50), (report.Findings.Length, report.Omitted));
        Assert.Equal((151, "invalid_json"), (report.Findings[0].Line!.Value, report.Findings[0].Code));
        Assert.Equal(report.Findings.Skip(1).Select(finding => finding.Line).Order(), report.Findings.Skip(1).Select(finding => finding.Line));
    }

    [Theory]
    [InlineData("\"A\"", "invalid_reference")]
    [InlineData("[\"A\",[]]", "invalid_reference")]
    [InlineData("null", "missing_column")]
    public void Check_GraderNeedsLabels_RejectsRowsWithoutThem(string labels, string code)
    {
        var options = new DatasetCheckOptions { Columns = [new GraderColumn(DataPath.Parse("meta.labels")!, ColumnKind.Labels)] };
        var row = $$$"""{"messages":[{"role":"user","content":"a"}],"meta":{"labels":{{{labels}}}}}""";

        var report = DatasetChecker.Check(Utf8(row), null, options);

        Assert.Equal((1, code), (report.Findings.Single().Line!.Value, report.Findings.Single().Code));
    }

    [Fact]
    public void Check_FaultOfTheValidationFile_SaysWhichFile()
    {
        var report = DatasetChecker.Check(Utf8(Sound), Utf8("oops"));

        Assert.StartsWith("validation file: ", report.Findings.Single().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_FieldOfFewRows_IsOptional()
    {
        var rows = Enumerable.Range(0, 4).Select(i => $$"""{"messages":[{"role":"user","content":"{{i}}"}]{{(i == 0 ? ",\"hint\":1" : "")}}}""");

        Assert.Equal(DatasetVerdict.Accept, Check(string.Join('\n', rows)).Verdict);
    }

    [Fact]
    public void Check_RandomBytes_AlwaysEndsWithAVerdict()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var bytes = Encoding.UTF8.GetBytes($"{Sound}\n{Sound}\n");
            for (var change = 0; change < 1 + round % 8; change++) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);

            Assert.True(Enum.IsDefined(DatasetChecker.Check(new MemoryStream(bytes)).Verdict));
        }
    }

    private static DatasetReport Check(string text) => DatasetChecker.Check(Utf8(text));

    private static MemoryStream Utf8(string text) => new(Encoding.UTF8.GetBytes(text));

    private sealed class EndlessLine(long length) : PiecewiseStream([], 1)
    {
        private long _left = length;

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, _left);
            buffer[..count].Fill((byte)'a');
            _left -= count;
            return count;
        }
    }

    private class PiecewiseStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(piece, buffer.Length)]);
    }
}

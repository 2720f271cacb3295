using System.Buffers;
using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Python;

/// <summary>Whatever a program of the grader's author returns. A failure of the program is never a reward.</summary>
public sealed class PythonGrader(PythonDefinition definition, PythonSandbox sandbox) : IGrader
{
    public async ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation) =>
        await sandbox.GradeAsync(definition.Source, Write(request), cancellation) switch
        {
            PythonOutcome.Reward reward => new GradeResult.Reward(reward.Value),
            PythonOutcome.Failed failed => new GradeResult.Ungraded(failed.Kind, failed.Message),
            var other => throw new InvalidOperationException($"no such outcome: {other}"),
        };

    /// <summary>What a program likes cannot be read off the rows; an empty answer should be worth little to any.</summary>
    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => [""];

    private static ReadOnlyMemory<byte> Write(GradeRequest request)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("sample");
            request.Sample.ToJson().WriteTo(writer);
            writer.WritePropertyName("item");
            request.Item.WriteTo(writer);
            writer.WriteEndObject();
        }
        return json.WrittenMemory;
    }
}

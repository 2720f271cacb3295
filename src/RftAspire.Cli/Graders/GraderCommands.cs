using System.CommandLine;
using System.Text.Json.Nodes;
using Google.Protobuf;

namespace RftAspire.Cli.Graders;

public static class GraderCommands
{
    // Field names and numbers as the .proto file has them, zeros and empty lists too.
    private static readonly JsonFormatter s_json = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithPreserveProtoFieldNames(true));

    public static Command Create(CommandLine cli) => new("graders", "Try a grader before a job depends on it.")
    {
        ValidateGraderCommand.Create(cli),
        RunGraderCommand.Create(cli),
        TestGraderCommand.Create(cli),
    };

    public static Argument<string> File() => new("grader") { Description = "The grader, a JSON file." };

    public static JsonObject ToJson(IMessage message) => JsonNode.Parse(s_json.Format(message))!.AsObject();
}

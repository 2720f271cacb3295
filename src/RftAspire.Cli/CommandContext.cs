using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Cli.Platform;
using RftAspire.Client;
using Spectre.Console;

namespace RftAspire.Cli;

/// <summary>One run of one command: its arguments, where it prints, and the platform it speaks to.</summary>
public sealed class CommandContext(ParseResult parsed, Surroundings surroundings, bool json, string? server) : IDisposable
{
    private static readonly JsonSerializerOptions Compact = new(JsonSerializerOptions.Default) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private RftClient? _client;

    public Surroundings Surroundings => surroundings;
    public bool Json => json;
    public TextWriter Out => surroundings.Out;
    public TextWriter Error => surroundings.Error;
    public string Server { get; } = server ?? surroundings.Variable("RFT_SERVER") ?? CommandLine.DefaultServer;
    public RftClient Client => _client ??= new RftClient(Address(Server), PlatformKey.Find(surroundings, Server));

    public T? Get<T>(Option<T> option) => parsed.GetValue(option);
    public T Get<T>(Argument<T> argument) => parsed.GetRequiredValue(argument);
    public T? Find<T>(Argument<T> argument) => parsed.GetValue(argument);
    public T Require<T>(Option<T> option) => parsed.GetRequiredValue(option);

    public void PrintJson(JsonNode document) => Out.WriteLine(document.ToJsonString(Compact));

    /// <summary>Tables and colours for people; plain text where the output is no terminal.</summary>
    public IAnsiConsole Console(TextWriter? writer = null)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer ?? Out),
            Ansi = surroundings.IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
        });
        if (!surroundings.IsTerminal) console.Profile.Width = 200;
        return console;
    }

    public void Dispose() => _client?.Dispose();

    private static Uri Address(string server) =>
        Uri.TryCreate(server, UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
            ? address
            : throw new UsageException($"--server {server}: not an address; write it as {CommandLine.DefaultServer}");
}

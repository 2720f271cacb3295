using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using RftAspire.Cli.Benchmarks;
using RftAspire.Cli.Chat;
using RftAspire.Cli.Datasets;
using RftAspire.Cli.Evals;
using RftAspire.Cli.Files;
using RftAspire.Cli.Graders;
using RftAspire.Cli.Jobs;
using RftAspire.Cli.Keys;
using RftAspire.Cli.Models;
using RftAspire.Cli.Webhooks;

namespace RftAspire.Cli;

/// <summary>The tree of commands and how one of them is run.</summary>
public sealed class CommandLine
{
    public const string DefaultServer = "http://127.0.0.1:7081";

    private readonly Surroundings _surroundings;
    private readonly Option<string> _server = new("--server")
    {
        Description = $"The platform's gRPC address. [default: RFT_SERVER, else {DefaultServer}]",
        HelpName = "URL",
        Recursive = true,
    };
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one JSON document on standard output and nothing else there.",
        Recursive = true,
    };

    private CommandLine(Surroundings surroundings) => _surroundings = surroundings;

    public static Task<int> RunAsync(string[] args, Surroundings surroundings, CancellationToken cancellationToken = default)
    {
        var parsed = Parse(args, surroundings);
        if (parsed.Action is ParseErrorAction) return Task.FromResult(ReportMistakes(parsed, surroundings.Error));
        var invocation = new InvocationConfiguration
        {
            Output = surroundings.Out,
            Error = surroundings.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(10),
        };
        return parsed.InvokeAsync(invocation, cancellationToken);
    }

    /// <summary>Reads the arguments without acting on them.</summary>
    public static ParseResult Parse(string[] args, Surroundings surroundings) =>
        // A prompt may start with '@', which would otherwise name a file of arguments.
        new CommandLine(surroundings).Root().Parse(args.Length == 0 ? ["--help"] : args, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>Makes <paramref name="run"/> the command's action; what it throws becomes one message and an exit code.</summary>
    public Command Handle(Command command, Func<CommandContext, CancellationToken, Task<int>> run)
    {
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var context = new CommandContext(parsed, _surroundings, parsed.GetValue(_json), parsed.GetValue(_server));
            try
            {
                // Ctrl-C is listened for once the action has given its thread back, which one that only computes would never do.
                await Task.Yield();
                return await run(context, cancellationToken);
            }
            catch (Exception e)
            {
                return Failure.Of(e, context.Server, cancellationToken).Print(context.Error, _surroundings.Variable("RFT_DEBUG") is "1" ? e : null);
            }
        });
        return command;
    }

    private RootCommand Root()
    {
        var root = Tree();
        // The forms of Windows would be in every completion.
        foreach (var alias in new[] { "/h", "/?" }) root.Options.OfType<HelpOption>().Single().Aliases.Remove(alias);
        return root;
    }

    private RootCommand Tree() => new("Reinforcement fine-tuning from the terminal: check data, run jobs, query and evaluate models.")
    {
        _server,
        _json,
        JobCommands.Create(this),
        ModelCommands.Create(this),
        DatasetCommands.Create(this),
        GraderCommands.Create(this),
        EvalCommands.Create(this),
        FileCommands.Create(this),
        ChatCommand.Create(this),
        KeyCommands.Create(this),
        WebhookCommands.Create(this),
        CompletionCommand.Create(this),
        BenchCommands.Create(this),
    };

    private static int ReportMistakes(ParseResult parsed, TextWriter error)
    {
        foreach (var mistake in parsed.Errors) error.WriteLine($"rft: {mistake.Message}");
        error.WriteLine($"See: {PathOf(parsed)} --help");
        return ExitCode.Usage;
    }

    private static string PathOf(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
            if (at is System.CommandLine.Parsing.CommandResult command and not { Parent: null }) names.Insert(0, command.Command.Name);
        return string.Join(' ', ["rft", .. names]);
    }
}

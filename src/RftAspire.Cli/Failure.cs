using RftAspire.Cli.Platform;
using RftAspire.Client;
using RftAspire.Contracts.Graders;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Cli;

/// <summary>What went wrong, as one message for people and one exit code for scripts.</summary>
public sealed record Failure(int Code, string Message, IReadOnlyList<string> Details)
{
    public static Failure Of(Exception exception, string server, CancellationToken cancellationToken) => exception switch
    {
        _ when cancellationToken.IsCancellationRequested => new(ExitCode.Interrupted, "interrupted", []),
        UsageException e => new(ExitCode.Usage, e.Message, e.Details),
        RftException e => PlatformFailure.Of(e, server),
        GraderException or CheckpointException or ChatTemplateException or IOException or UnauthorizedAccessException or InvalidDataException => new(ExitCode.Usage, exception.Message, []),
        _ => new(ExitCode.Failed, $"unexpected {exception.GetType().Name}: {exception.Message}", ["RFT_DEBUG=1 prints where it came from"]),
    };

    public int Print(TextWriter error, Exception? trace)
    {
        error.WriteLine($"rft: {Message}");
        foreach (var detail in Details) error.WriteLine($"  {detail}");
        if (trace is not null) error.WriteLine(trace);
        return Code;
    }
}

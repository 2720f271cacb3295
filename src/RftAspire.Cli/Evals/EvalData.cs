using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RftAspire.Cli.Datasets;
using RftAspire.Cli.Platform;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;
using RftAspire.Grading.Python;
using RftAspire.Grading.Remote;
using RftAspire.Ingestion;

namespace RftAspire.Cli.Evals;

/// <summary>A dataset file to evaluate on, checked against the grader that reads it.</summary>
public sealed record EvalData(string Label, IReadOnlyList<PromptRow> Rows)
{
    public IReadOnlyList<JsonElement> Items => [.. Rows.Select(row => row.Item)];

    /// <summary>Reads <c>FILE</c> or <c>FILE=label</c>.</summary>
    public static EvalData Read(CommandContext context, string fileAndLabel, EvalGrader grader)
    {
        var (file, label) = Split(context, fileAndLabel);
        var options = new DatasetCheckOptions { Columns = [.. grader.Definition.Columns] };
        using var stream = CheckDatasetCommand.Open(context, "--data", file);
        var report = DatasetChecker.Check(stream, options: options);
        if (report.Verdict == DatasetVerdict.Reject)
            throw new UsageException($"--data {file}: the dataset is rejected", [.. report.Findings.Select(CheckDatasetCommand.Line)]);
        stream.Position = 0;
        return new(label, [.. DatasetPrompts.Read(stream, options)]);
    }

    private static (string File, string Label) Split(CommandContext context, string fileAndLabel)
    {
        var equals = fileAndLabel.LastIndexOf('=');
        // A file's name may hold '=' too.
        return equals > 0 && !File.Exists(context.Surroundings.FullPath(fileAndLabel))
            ? (fileAndLabel[..equals], fileAndLabel[(equals + 1)..])
            : (fileAndLabel, Path.GetFileNameWithoutExtension(fileAndLabel));
    }
}

/// <summary>A grader as data and at work: in this process, or on the platform where it needs its services.</summary>
public sealed record EvalGrader(GraderDefinition Definition, IGrader Grader)
{
    // At a terminal nobody waits long for a service to come back.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    // The sandbox starts with its first call and ends with this process.
    private static readonly PythonSandbox s_python = new(new PythonOptions(), NullLogger<PythonSandbox>.Instance);

    public static EvalGrader Read(CommandContext context, string file, string option = "--grader")
    {
        var definition = GraderDefinition.Parse(GraderFile.Read(context, file, option));
        var graders = Graders(context);
        return new(definition, definition.NeedsPlatform ? new PlatformGrader(context.Client, definition, graders) : graders.Create(definition));
    }

    /// <summary>What makes graders in this process.</summary>
    public static GraderFactory Graders(CommandContext context)
    {
        var options = new GradingOptions
        {
            AllowedHosts = context.Surroundings.Variable("Grading__AllowedHosts") ?? new GradingOptions().AllowedHosts,
            OutageLimit = s_patience,
        };
        return new() { Python = s_python, Lines = new RemoteLines(Options.Create(options)) };
    }
}

using System.CommandLine;
using RftAspire.Cli.Platform;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

public static class CreateJobCommand
{
    public static Command Create(CommandLine cli)
    {
        var options = new Options();
        var command = new Command("create", "Upload the data and start a job. It goes on in the background, on the platform.");
        foreach (var option in options.All) command.Options.Add(option);
        return cli.Handle(command, (context, cancellationToken) => RunAsync(context, options, cancellationToken));
    }

    private static async Task<int> RunAsync(CommandContext context, Options options, CancellationToken cancellationToken)
    {
        var request = await RequestAsync(context, options, cancellationToken);
        var job = await context.Client.Jobs.CreateAsync(request, cancellationToken);
        if (context.Get(options.Watch)) return await FollowAsync(context, job, cancellationToken);
        if (context.Json) context.PrintJson(JobJson.Of(job));
        else context.Out.WriteLine($"job {job.Id} is {JobJson.Word(job.State)}; follow it with: rft jobs watch {job.Id}");
        return ExitCode.Ok;
    }

    private static async Task<int> FollowAsync(CommandContext context, Job job, CancellationToken cancellationToken)
    {
        if (!context.Json)
        {
            context.Out.WriteLine($"job {job.Id}");
            return await JobWatch.FollowAsync(context, job.Id, JobWatch.ViewFor(context), cancellationToken);
        }
        // One document on standard output, so the progress goes beside it.
        var code = await JobWatch.FollowAsync(context, job.Id, new PlainWatchView(context.Error), cancellationToken);
        if (code == ExitCode.Interrupted) context.PrintJson(JobJson.Of(job));
        return code;
    }

    private static async Task<CreateJobRequest> RequestAsync(CommandContext context, Options options, CancellationToken cancellationToken)
    {
        // All that can be checked here is checked before the first byte is sent.
        var train = DatasetSource.Parse(context, "--train", context.Require(options.Train));
        var valid = context.Get(options.Valid) is { } name ? DatasetSource.Parse(context, "--valid", name) : null;
        var request = new CreateJobRequest
        {
            Model = context.Require(options.Model),
            Method = Method(context.Get(options.Method)),
            GraderJson = context.Get(options.Grader) is { } grader ? GraderFile.Read(context, grader) : "",
            ResponseFormatJson = context.Get(options.ResponseFormat) is { } format ? GraderFile.Read(context, format, "--response-format") : "",
            Hyperparameters = HyperparameterSettings.Parse(context.Get(options.Set) ?? []),
            Suffix = context.Get(options.Suffix) ?? "",
        };
        if (request.Method != JobMethod.Supervised && request.GraderJson.Length == 0) throw new UsageException("--grader: missing; a reinforcement job needs one");
        foreach (var (key, value) in JobCommands.Pairs("--metadata", context.Get(options.Metadata) ?? [])) request.Metadata[key] = value;
        if (context.Get(options.Seed) is { } seed) request.Seed = seed;
        request.TrainingDatasetId = await train.IdAsync(context, cancellationToken);
        if (valid is not null) request.ValidationDatasetId = await valid.IdAsync(context, cancellationToken);
        return request;
    }

    private static JobMethod Method(string? word) => word switch
    {
        null or "reinforcement" => JobMethod.Reinforcement,
        "supervised" => JobMethod.Supervised,
        _ => throw new UsageException($"--method {word}: no such method; reinforcement or supervised"),
    };

    private sealed class Options
    {
        public Option<string> Model { get; } = new("--model") { Required = true, HelpName = "NAME", Description = "The model to start from, see rft models list." };
        public Option<string> Train { get; } = new("--train") { Required = true, HelpName = "FILE|ID", Description = "Training prompts: a JSON Lines file, or the id (file-...) of one uploaded before." };
        public Option<string> Valid { get; } = new("--valid") { HelpName = "FILE|ID", Description = "Validation prompts. Without them no eval runs." };
        public Option<string> Method { get; } = new("--method") { HelpName = "METHOD", Description = "reinforcement, or supervised: learn the rows' own answers. [default: reinforcement]", CompletionSources = { "reinforcement", "supervised" } };
        public Option<string> Grader { get; } = new("--grader") { HelpName = "FILE", Description = "The grader, a JSON file; a supervised job has none." };
        public Option<string> ResponseFormat { get; } = new("--response-format") { HelpName = "FILE", Description = "What every answer must be, a JSON file as chat completions' response_format." };
        public Option<string[]> Metadata { get; } = new("--metadata") { HelpName = "KEY=VALUE", Description = "A note of yours, which rft jobs list finds; may be repeated." };
        public Option<string[]> Set { get; } = new("--set") { HelpName = "KEY=VALUE", Description = "A hyperparameter, for example --set steps=40; may be repeated. An unknown key lists them all." };
        public Option<long?> Seed { get; } = new("--seed") { HelpName = "N", Description = "The same job with the same seed gives the same weights. [default: 0]" };
        public Option<string> Suffix { get; } = new("--suffix") { HelpName = "TEXT", Description = "Part of the tuned model's name; letters, digits and hyphens, at most 64." };
        public Option<bool> Watch { get; } = new("--watch") { Description = "Follow the job to its end. Ctrl-C leaves it running." };

        public IEnumerable<Option> All => [Model, Train, Valid, Method, Grader, ResponseFormat, Set, Seed, Suffix, Metadata, Watch];
    }
}

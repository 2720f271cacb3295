using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace RftAspire.Cli.Models;

public static class GenerateCommand
{
    public static Command Create(CommandLine cli)
    {
        var options = new Options();
        var command = new Command("generate", "Complete a prompt with a model. A folder or a local name needs no running platform.");
        foreach (var option in options.All) command.Options.Add(option);
        return cli.Handle(command, async (context, cancellationToken) =>
        {
            var request = options.Read(context);
            var folder = await ModelFolder.FindAsync(context, "--model", context.Require(options.Model), cancellationToken);
            var generated = Generation.Run(folder, request, cancellationToken);
            Print(context, generated);
            if (request.Schema is null || generated.Stopped) return ExitCode.Ok;
            context.Error.WriteLine($"rft: the JSON is cut off after {request.MaxTokens} tokens; raise --max-tokens or bound the schema's strings, numbers and arrays");
            return ExitCode.Failed;
        });
    }

    private static void Print(CommandContext context, Generated generated)
    {
        if (context.Json)
        {
            context.PrintJson(new JsonObject
            {
                ["text"] = generated.Text,
                ["ids"] = new JsonArray([.. generated.Ids.Select(id => JsonValue.Create(id))]),
                ["logprobs"] = new JsonArray([.. generated.Logprobs.Select(logprob => JsonValue.Create(logprob))]),
            });
            return;
        }
        context.Out.WriteLine(generated.Text ?? string.Join(',', generated.Ids));
    }

    private sealed class Options
    {
        public Option<string> Model { get; } = new("--model") { Required = true, HelpName = "DIR|NAME", Description = "A Hugging Face folder, or a model's name." };
        public Option<string> Prompt { get; } = new("--prompt") { HelpName = "TEXT", Description = "The user's message; the model's chat template is put around it." };
        public Option<string> PromptIds { get; } = new("--prompt-ids") { HelpName = "1,2,3", Description = "The prompt as token ids, used as they are; needs no tokenizer." };
        public Option<bool> Raw { get; } = new("--raw") { Description = "Use the text of --prompt as it is, without the chat template." };
        public Option<int> MaxTokens { get; } = new("--max-tokens") { HelpName = "N", Description = "At most so many new tokens.", DefaultValueFactory = _ => 64 };
        public Option<double> Temperature { get; } = new("--temperature") { HelpName = "T", Description = "0 takes the likeliest token each time.", DefaultValueFactory = _ => 0 };
        public Option<double> TopP { get; } = new("--top-p") { HelpName = "P", Description = "Sample from the likeliest tokens that sum to P; 1 is off.", DefaultValueFactory = _ => 1 };
        public Option<int> TopK { get; } = new("--top-k") { HelpName = "K", Description = "Sample from the K likeliest tokens; 0 is off.", DefaultValueFactory = _ => 0 };
        public Option<string[]> Stop { get; } = new("--stop") { HelpName = "TEXT", Description = "End before this text; may be repeated." };
        public Option<string> JsonSchema { get; } = new("--json-schema") { HelpName = "FILE", Description = "Answer in JSON that is valid against this JSON schema." };
        public Option<bool> JsonObject { get; } = new("--json-object") { Description = "Answer with a JSON object of any kind." };
        public Option<long> Seed { get; } = new("--seed") { HelpName = "N", Description = "The same seed gives the same answer.", DefaultValueFactory = _ => 0 };

        public IEnumerable<Option> All => [Model, Prompt, PromptIds, Raw, MaxTokens, Temperature, TopP, TopK, Stop, JsonSchema, JsonObject, Seed];

        public GenerationRequest Read(CommandContext context)
        {
            var (prompt, ids) = (context.Get(Prompt), context.Get(PromptIds));
            if (prompt is null == ids is null) throw new UsageException("give either --prompt TEXT or --prompt-ids 1,2,3");
            var request = new GenerationRequest
            {
                Prompt = prompt,
                PromptIds = ids is null ? null : TokenIds.Parse("--prompt-ids", ids),
                Raw = context.Get(Raw),
                MaxTokens = context.Get(MaxTokens),
                Temperature = context.Get(Temperature),
                TopP = context.Get(TopP),
                TopK = context.Get(TopK),
                Stop = context.Get(Stop) ?? [],
                Seed = context.Get(Seed),
                Schema = AnswerSchema.Read(context, context.Get(JsonSchema), context.Get(JsonObject)),
            };
            Check(request);
            return request;
        }

        private static void Check(GenerationRequest request)
        {
            if (request.MaxTokens < 1) throw new UsageException($"--max-tokens {request.MaxTokens}: must be at least 1");
            if (!(request.Temperature is >= 0 and <= 100)) throw Outside("--temperature", request.Temperature, "0 to 100");
            if (!(request.TopP is > 0 and <= 1)) throw Outside("--top-p", request.TopP, "above 0 and at most 1");
            if (request.TopK < 0) throw Outside("--top-k", request.TopK, "0 (off) or more");
            if (request.Schema is { } schema && request.Stop.Count > 0) throw new UsageException($"--stop would cut the JSON of {schema.Option}: leave one of them out");
            if (request.Stop.Contains("")) throw new UsageException("--stop: the text is empty; leave it out or give one");
        }

        private static UsageException Outside(string option, double value, string range) =>
            new($"{option} {value.ToString(CultureInfo.InvariantCulture)}: must be {range}");
    }
}

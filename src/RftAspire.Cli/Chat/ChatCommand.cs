using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Chat;

/// <summary>Asks a model of the platform, once or in a conversation.</summary>
public static class ChatCommand
{
    public static Command Create(CommandLine cli)
    {
        var model = new Option<string>("--model") { HelpName = "NAME", Description = "A base model, a tuned one or a checkpoint, as rft models list shows it.", Required = true };
        var message = new Argument<string?>("message") { Description = "What to ask; without it a conversation, one message a line.", Arity = ArgumentArity.ZeroOrOne };
        var system = new Option<string>("--system") { HelpName = "TEXT", Description = "Stands before the conversation." };
        var temperature = new Option<double?>("--temperature") { HelpName = "T", Description = "0 (the likeliest token) to 2. [default: 1]" };
        var tokens = new Option<int?>("--max-tokens") { HelpName = "N", Description = "Tokens of an answer at most. [default: what the model's context leaves]" };
        var seed = new Option<long?>("--seed") { HelpName = "N", Description = "The same seed gives the same answer. [default: a random one]" };
        var format = new Option<string>("--response-format") { HelpName = "FILE", Description = "What the answer must be: JSON as in chat completions." };
        var command = new Command("chat", "Ask a model of the platform; the answer appears as it is drawn.") { message, model, system, temperature, tokens, seed, format };
        return cli.Handle(command, async (context, cancellationToken) =>
        {
            var request = new CompleteRequest { Model = context.Require(model) };
            if (context.Get(system) is { } before) request.Messages.Add(new ChatMessage { Role = "system", Content = before });
            if (context.Get(temperature) is { } heat) request.Temperature = heat;
            if (context.Get(tokens) is { } most) request.MaxCompletionTokens = most;
            if (context.Get(seed) is { } number) request.Seed = number;
            if (context.Get(format) is { } file) request.ResponseFormatJson = GraderFile.Read(context, file, "--response-format");
            if (context.Find(message) is { } asked) await AskAsync(context, request, asked, cancellationToken);
            else await TalkAsync(context, request, cancellationToken);
            return ExitCode.Ok;
        });
    }

    private static async Task TalkAsync(CommandContext context, CompleteRequest request, CancellationToken cancellationToken)
    {
        if (context.Json) throw new UsageException("--json: a conversation has no single document; give the message as an argument");
        while (true)
        {
            if (context.Surroundings.IsTerminal) context.Error.Write("> ");
            // A console's read hears of no token; Ctrl-C leaves it behind. A conversation ends with its input.
            if (await Task.Run(context.Surroundings.In.ReadLine, cancellationToken).WaitAsync(cancellationToken) is not { } line) return;
            if (line.Trim().Length > 0) await AskAsync(context, request, line, cancellationToken);
        }
    }

    private static async Task AskAsync(CommandContext context, CompleteRequest request, string message, CancellationToken cancellationToken)
    {
        request.Messages.Add(new ChatMessage { Role = "user", Content = message });
        var (text, finish, usage) = (new StringBuilder(), "", new CompletionUsage());
        try
        {
            await foreach (var part in context.Client.Chat.StreamAsync(request, cancellationToken))
            {
                if (part.Usage is not null) usage = part.Usage;
                if (part.Delta is not { } delta) continue;
                text.Append(delta.Text);
                if (delta.FinishReason.Length > 0) finish = delta.FinishReason;
                if (!context.Json) context.Out.Write(delta.Text);
            }
        }
        finally
        {
            // An answer that is cut short ends its line too.
            if (!context.Json && (text.Length > 0 || finish.Length > 0)) context.Out.WriteLine();
        }
        request.Messages.Add(new ChatMessage { Role = "assistant", Content = text.ToString() });
        if (!context.Json)
        {
            if (finish == "length") context.Error.WriteLine("(cut off at the token limit)");
            return;
        }
        context.PrintJson(new JsonObject
        {
            ["model"] = request.Model,
            ["text"] = text.ToString(),
            ["finish_reason"] = finish,
            ["prompt_tokens"] = usage.PromptTokens,
            ["completion_tokens"] = usage.CompletionTokens,
        });
    }
}

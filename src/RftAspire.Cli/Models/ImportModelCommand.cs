using System.CommandLine;
using System.Text.Json.Nodes;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Checkpoints.Gguf;

namespace RftAspire.Cli.Models;

public static class ImportModelCommand
{
    public static Command Create(CommandLine cli)
    {
        var file = new Argument<string>("file") { Description = "A GGUF file: llama, qwen2 or qwen3 in F32, F16, BF16 or Q8_0." };
        var output = new Argument<string>("dir") { Description = "The Hugging Face folder to make." };
        var dtype = new Option<string>("--dtype") { HelpName = "f32|bf16", Description = "How to store the weights: f32 keeps every value, bf16 halves the folder.", DefaultValueFactory = _ => "f32" };
        var tokenizer = new Option<string>("--tokenizer") { HelpName = "DIR", Description = "Take the tokenizer's files of this folder instead of the one in the file." };
        dtype.AcceptOnlyFromAmong("f32", "bf16");
        return cli.Handle(new Command("import", "Make a Hugging Face folder of a GGUF file.") { file, output, dtype, tokenizer }, (context, _) =>
        {
            var (folder, tokenizerFrom) = (NewFolder.Of(context, "dir", context.Get(output)), Tokenizer(context, context.Get(tokenizer)));
            using var gguf = GgufFile.Open(context.Surroundings.FullPath(context.Get(file)));
            CheckpointFolder.ImportGguf(gguf, folder, context.Get(dtype) == "bf16" ? DType.BF16 : DType.F32, tokenizerFrom);
            Print(context, folder);
            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static string? Tokenizer(CommandContext context, string? folder)
    {
        if (folder is null) return null;
        var path = context.Surroundings.FullPath(folder);
        return File.Exists(Path.Combine(path, "tokenizer.json")) ? path : throw new UsageException($"--tokenizer {folder}: no tokenizer.json in this folder");
    }

    private static void Print(CommandContext context, string folder)
    {
        var (config, tokenizer) = (ModelConfig.Load(Path.Combine(folder, "config.json")), File.Exists(Path.Combine(folder, "tokenizer.json")));
        if (context.Json) context.PrintJson(new JsonObject { ["location"] = folder, ["model_type"] = config.ModelType, ["tokenizer"] = tokenizer });
        else context.Out.WriteLine($"{folder}: {config.ModelType}, {config.Layers} layers{(tokenizer ? "" : "; the file has no tokenizer, text needs a tokenizer.json there")}");
    }
}

using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Models;

/// <summary>ListModels and GetModel.</summary>
public sealed class ListModels(ModelFolders folders, ServedModels models, ILogger<ListModels> logger)
{
    public async Task<ListModelsResponse> RunAsync(Caller caller) =>
        new() { Models = { await Task.WhenAll(folders.All(caller).Select(DescribeAsync)) } };

    public Task<Model> GetAsync(Caller caller, string name) => DescribeAsync(models.Get(caller, name));

    private async Task<Model> DescribeAsync(ModelFolder model)
    {
        var job = await models.MakerAsync(model);
        return new Model
        {
            Name = model.Name,
            JobId = job?.Spec.JobId ?? "",
            CreatedAt = model.CreatedAt.ToTimestamp(),
            Parameters = Read(model, "weights", () => SafetensorsHeader.CountParameters(model.Location)),
            Location = model.Location,
            Step = ModelNames.StepOf(model.Name) ?? job?.Step ?? 0,
            ContextLength = Read(model, "config.json", () => ContextLength(model.Location)),
        };
    }

    // One damaged model must not hide the others.
    private T? Read<T>(ModelFolder model, string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or InvalidDataException or JsonException or InvalidOperationException
            or KeyNotFoundException or FormatException or OverflowException)
        {
            logger.LogWarning("{Part} of model {Model} cannot be read: {Reason}", what, model.Name, error.Message);
            return default;
        }
    }

    private static int ContextLength(string folder)
    {
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        // The engine's own default.
        return config.RootElement.TryGetProperty("max_position_embeddings", out var positions) ? positions.GetInt32() : 2048;
    }
}

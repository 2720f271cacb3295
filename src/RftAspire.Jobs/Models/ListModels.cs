using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs.Models;

/// <summary>ListModels.</summary>
public sealed class ListModels(ModelFolders models, JobStore jobs, ILogger<ListModels> logger)
{
    public async Task<ListModelsResponse> RunAsync()
    {
        var makers = await jobs.TunedModelsAsync();
        return new ListModelsResponse { Models = { models.All().Select(model => Describe(model, makers)) } };
    }

    private Model Describe(ModelFolder model, Dictionary<string, string> makers) => new()
    {
        Name = model.Name,
        JobId = model.IsTuned ? makers.GetValueOrDefault(model.Name, "") : "",
        CreatedAt = model.CreatedAt.ToTimestamp(),
        Parameters = CountParameters(model),
        Location = model.Location,
    };

    // One damaged model must not hide the others.
    private long CountParameters(ModelFolder model)
    {
        try
        {
            return SafetensorsHeader.CountParameters(model.Location);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or JsonException or InvalidOperationException
            or KeyNotFoundException or FormatException or OverflowException)
        {
            logger.LogWarning("The weights of model {Model} cannot be read: {Reason}", model.Name, error.Message);
            return 0;
        }
    }
}

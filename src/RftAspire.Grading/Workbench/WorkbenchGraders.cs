using RftAspire.Contracts;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Workbench;

/// <summary>The graders of the last calls, as one that is tried is tried many times.</summary>
public sealed class WorkbenchGraders(GraderFactory factory)
{
    private const int Capacity = 16;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IGrader> _known = [];

    /// <summary>The grader in a field of a request; a caller's mistake where it cannot be used.</summary>
    public (GraderDefinition Definition, IGrader Grader) Get(string field, string json)
    {
        var definition = Define(field, json);
        lock (_lock)
        {
            if (_known.TryGetValue(definition.Json, out var known)) return (definition, known);
            if (_known.Count == Capacity) _known.Clear();
            return (definition, _known[definition.Json] = Sound(field, () => factory.Create(definition)));
        }
    }

    /// <summary>The definition in a field of a request, once it is known that it can be used here.</summary>
    public async Task<GraderDefinition> CheckAsync(string field, string json, CancellationToken cancellation)
    {
        var definition = Define(field, json);
        try
        {
            await factory.CheckAsync(definition, cancellation);
            return definition;
        }
        catch (GraderException error)
        {
            throw InvalidRequest.Of(field, error.Message);
        }
    }

    public static GraderDefinition Define(string field, string json) => Sound(field, () => GraderDefinition.Parse(json));

    private static T Sound<T>(string field, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (GraderException error)
        {
            throw InvalidRequest.Of(field, error.Message);
        }
    }
}

using System.Text.Json;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

/// <summary>One of the reference sets computed by PyTorch in float64.</summary>
public sealed class Golden
{
    private readonly SafetensorsFile _inputs;
    private readonly SafetensorsFile _expected;

    public Golden(string name)
    {
        var folder = Path.Combine(SharedData.Root!, "golden", name);
        _inputs = SafetensorsFile.Open(Path.Combine(folder, "inputs.safetensors"));
        _expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        Folder = folder;
        Figures = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json"))).RootElement;
        Lengths = [.. _inputs.ReadInt64("lengths").Select(n => (int)n)];
        PromptLengths = [.. _inputs.ReadInt64("prompt_lengths").Select(n => (int)n)];
        var ids = _inputs.ReadInt64("input_ids");
        Sequences = [.. Lengths.Select((length, b) => ids.Skip(b * (ids.Length / Lengths.Length)).Take(length).Select(id => (int)id).ToArray())];
    }

    /// <summary>The model's.</summary>
    public string Folder { get; }
    public JsonElement Figures { get; }
    public int[] Lengths { get; }
    public int[] PromptLengths { get; }
    public int[][] Sequences { get; }
    public int Width => Sequences.Max(sequence => sequence.Length);

    public float[] Expected(string name) => _expected.ReadFloats(name);

    public TrainingGroup[] Groups() =>
        [.. Sequences.Select((sequence, b) => new TrainingGroup(sequence[..PromptLengths[b]], [sequence[PromptLengths[b]..]]))];

    public PolicyLoss Loss(string normalization)
    {
        float[] old = _inputs.ReadFloats("old_logprobs"), reference = _inputs.ReadFloats("ref_logprobs"), advantages = _inputs.ReadFloats("advantages");
        var completions = Lengths.Select((length, b) => length - PromptLengths[b]).ToArray();
        float Weight(int b) => normalization switch
        {
            "token" => 1f / completions.Sum(),
            "dr_grpo" => 1f / (completions.Length * 16),
            _ => 1f / (completions.Length * completions[b]),
        };
        var sequences = Sequences.Select((_, b) =>
        {
            var from = b * (Width - 1) + PromptLengths[b] - 1;
            return new PolicySequence(advantages[b], old[from..(from + completions[b])], reference[from..(from + completions[b])], Weight(b));
        });
        return new PolicyLoss([.. sequences], clipRange: 0.2f, klCoefficient: 0.04f);
    }

    /// <summary>The stored sample of a tensor: all of it, or 256 elements at (k * 7919) mod length.</summary>
    public static float[] Sample(ReadOnlySpan<float> values)
    {
        if (values.Length <= 256) return values.ToArray();
        var sample = new float[256];
        for (var k = 0; k < sample.Length; k++) sample[k] = values[(int)(k * 7919L % values.Length)];
        return sample;
    }
}

using System.Text.RegularExpressions;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Judge.V1;

namespace RftAspire.Grading.Models;

/// <summary>What Judge is asked about one answer: the author's words as text, what row and answer hold as data, which Judge fences.</summary>
internal static partial class JudgeQuestion
{
    private const int LongestName = 128;

    /// <summary>The question; null where the answer lacks what the messages read of it.</summary>
    public static Question? Of(JudgedDefinition definition, GradeRequest request)
    {
        var question = new Question
        {
            Model = definition.Model,
            SecondModel = definition.SecondModel ?? "",
            Votes = definition.Votes,
            JobId = request.JobId ?? "",
            Sampling = Sampling(definition.Sampling),
        };
        foreach (var message in definition.Messages)
        {
            var parts = message.Content.Parts.Select(part => Part(part, request)).ToList();
            if (parts.Contains(null)) return null;
            question.Messages.Add(new Message { Role = message.Role, Parts = { parts } });
        }
        return question;
    }

    private static Part? Part(TemplatePart part, GradeRequest request)
    {
        if (part.Source == TemplateSource.Literal) return new Part { Text = part.Literal };
        return Places.Fill(part, request) is { } value ? new Part { Data = new Data { Name = Name(part.Place), Value = value } } : null;
    }

    private static SamplingParams Sampling(JudgeSampling sampling)
    {
        var request = new SamplingParams { ReasoningEffort = sampling.ReasoningEffort ?? "" };
        if (sampling.Temperature is { } temperature) request.Temperature = temperature;
        if (sampling.TopP is { } topP) request.TopP = topP;
        if (sampling.Seed is { } seed) request.Seed = seed;
        if (sampling.MaxCompletionTokens is { } limit) request.MaxCompletionsTokens = limit;
        return request;
    }

    // Columns may have any letter in their names; Judge shows names outside of the fence.
    private static string Name(string place) => Foreign().Replace(place, "_") is var name && name.Length > LongestName ? name[..LongestName] : name;

    [GeneratedRegex(@"[^A-Za-z0-9_.\-\[\]]")]
    private static partial Regex Foreign();
}

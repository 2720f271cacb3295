using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Graders;

namespace RftAspire.Jobs;

/// <summary>What can be said of a CreateJob request without looking anything up; each fault is added to the list.</summary>
internal sealed class CreateJobFields(Caller caller, CreateJobRequest request, List<Violation> faults)
{
    private const int LongestSuffix = 64;
    private const int LongestKey = 255;
    private const int LongestFormat = 1 << 20;

    public TrainingMethod Method()
    {
        if (request.Method is not (JobMethod.Unspecified or JobMethod.Reinforcement or JobMethod.Supervised))
            Add("method", $"{(int)request.Method} is unknown; reinforcement ({(int)JobMethod.Reinforcement}) or supervised ({(int)JobMethod.Supervised})");
        return request.Method == JobMethod.Supervised ? TrainingMethod.Supervised : TrainingMethod.Reinforcement;
    }

    public void CheckGrader(TrainingMethod method)
    {
        if (method == TrainingMethod.Supervised)
        {
            if (request.GraderJson.Length > 0) Add("grader_json", "a supervised job learns its rows' answers and grades nothing; leave it out, or take method reinforcement");
            return;
        }
        try
        {
            TenantJudges.OnlyOf(caller, GraderDefinition.Parse(request.GraderJson));
        }
        catch (GraderException error)
        {
            Add("grader_json", error.Message);
        }
    }

    public void CheckResponseFormat(TrainingMethod method)
    {
        if (request.ResponseFormatJson.Length == 0) return;
        if (request.ResponseFormatJson.Length > LongestFormat)
        {
            Add("response_format_json", $"has {request.ResponseFormatJson.Length} characters; at most {LongestFormat} are allowed");
            return;
        }
        try
        {
            if (ResponseFormat() is not null && method == TrainingMethod.Supervised) Add("response_format_json", "a supervised job samples nothing; leave it out");
        }
        catch (FormatException error)
        {
            Add("response_format_json", error.Message);
        }
    }

    /// <summary>Null where any text is allowed.</summary>
    public string? ResponseFormat() =>
        request.ResponseFormatJson.Length > 0 && Contracts.ResponseFormat.Parse(request.ResponseFormatJson).IsJson ? request.ResponseFormatJson : null;

    public void CheckWords()
    {
        if (request.Suffix.Length > LongestSuffix || !request.Suffix.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') || request.Suffix.Contains("..", StringComparison.Ordinal))
            Add("suffix", $"'{request.Suffix}' is no suffix; letters, digits, '-', '_' and single dots, at most {LongestSuffix}");
        if (request.IdempotencyKey.Length > LongestKey || request.IdempotencyKey.Any(char.IsControl))
            Add("idempotency_key", $"has {request.IdempotencyKey.Length} characters; at most {LongestKey} without control characters");
        MetadataPairs.Check(request.Metadata, faults);
        MessageSize.Check(request, request.Annotation.Length > request.GraderJson.Length ? "annotation" : "grader_json", faults);
    }

    private void Add(string field, string description) => faults.Add(new Violation(field, description));
}

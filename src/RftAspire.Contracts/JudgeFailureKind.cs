namespace RftAspire.Contracts;

/// <summary>Why there is no judgement: <c>JudgeFailure.kind</c> of rft.judge.v1. None says anything about the judged answer.</summary>
public static class JudgeFailureKind
{
    /// <summary>The judge, or the store that counts its budget, did not answer, after all tries.</summary>
    public const string Unavailable = "judge_unavailable";

    /// <summary>The judge answered that it will not take the request (wrong key, unknown model, too long a prompt); trying again is no use.</summary>
    public const string Rejected = "judge_rejected";

    /// <summary>No answer within the deadlines.</summary>
    public const string Timeout = "judge_timeout";

    /// <summary>The judge declined to judge.</summary>
    public const string Refused = "judge_refused";

    /// <summary>The answer was cut off at its token limit.</summary>
    public const string Truncated = "judge_truncated";

    /// <summary>The answer is not the JSON that was asked for, or repeats the fence around the data.</summary>
    public const string Unreadable = "judge_unreadable";

    /// <summary>The score lies outside the range, or the label is none of those given.</summary>
    public const string OutOfRange = "judge_out_of_range";

    /// <summary>Votes without a commonest label, or two judges that differ by more than was allowed.</summary>
    public const string Disagreement = "judge_disagreement";

    /// <summary>The job has used up its calls or tokens.</summary>
    public const string Budget = "judge_budget";
}

namespace RftAspire.Jobs;

/// <summary>How many things a page has.</summary>
internal static class PageSize
{
    /// <summary>What was asked for, or the standard where that is 0.</summary>
    public static int Of(int asked, int standard, int most) => asked switch
    {
        0 => standard,
        _ when asked < 0 || asked > most => throw Faults.Invalid("page_size", $"{asked} is out of range; 1 to {most}, or 0 for {standard}"),
        _ => asked,
    };
}

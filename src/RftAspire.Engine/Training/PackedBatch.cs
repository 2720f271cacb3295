namespace RftAspire.Engine.Training;

/// <summary>One prompt and completions of it to learn from.</summary>
/// <param name="Prompt">Token ids; not learned, only attended to.</param>
/// <param name="Completions">Token ids of each completion; every one of them is a target.</param>
public sealed record TrainingGroup(int[] Prompt, int[][] Completions)
{
    /// <summary>Rows the group takes in a batch: the prompt once, and each completion less its last token.</summary>
    public int Rows => Prompt.Length + Completions.Sum(completion => completion.Length - 1);
}

/// <summary>A run of rows that attend causally to themselves and fully to a prefix of the group.</summary>
/// <param name="Offset">First row, counted from the group's first.</param>
/// <param name="Rows">Number of rows; may be 0 for a completion of one token.</param>
/// <param name="Prefix">Rows of the prompt seen in full: 0 for the prompt itself.</param>
internal readonly record struct Segment(int Offset, int Rows, int Prefix);

internal sealed record PackedGroup(int FirstRow, int Rows, Segment[] Segments);

/// <summary>A token to predict.</summary>
/// <param name="Row">Row whose hidden state predicts it.</param>
/// <param name="Token">Its id.</param>
/// <param name="Sequence">Index of the completion, counted over all groups handed to the learner.</param>
/// <param name="Position">Place in the completion.</param>
internal readonly record struct Target(int Row, int Token, int Sequence, int Position);

/// <summary>Groups laid out row after row: the prompt once, then its completions. Nothing is padded.</summary>
internal sealed class PackedBatch
{
    public PackedBatch(IReadOnlyList<TrainingGroup> groups, int firstSequence, bool evenRows)
    {
        List<int> tokens = [], positions = [];
        List<Target> targets = [];
        foreach (var group in groups)
        {
            Groups.Add(Pack(group, firstSequence, tokens, positions, targets, evenRows));
            firstSequence += group.Completions.Length;
        }
        (Tokens, Positions) = ([.. tokens], [.. positions]);
        // A prompt's last row predicts the first token of every completion: targets of one row stand together.
        Targets = [.. targets.OrderBy(target => target.Row)];
    }

    public List<PackedGroup> Groups { get; } = [];
    public int[] Tokens { get; }
    public int[] Positions { get; }
    public Target[] Targets { get; }
    public int Rows => Tokens.Length;

    /// <summary>Cuts groups into batches of at most <paramref name="rowBudget"/> rows; a larger group stands alone.</summary>
    public static IEnumerable<PackedBatch> Cut(IReadOnlyList<TrainingGroup> groups, int rowBudget, bool evenRows)
    {
        var (first, sequence) = (0, 0);
        while (first < groups.Count)
        {
            var (end, rows) = (first + 1, groups[first].Rows);
            while (end < groups.Count && rows + groups[end].Rows <= rowBudget) rows += groups[end++].Rows;
            var part = groups.Skip(first).Take(end - first).ToList();
            yield return new PackedBatch(part, sequence, evenRows);
            sequence += part.Sum(group => group.Completions.Length);
            first = end;
        }
    }

    private static PackedGroup Pack(TrainingGroup group, int sequence, List<int> tokens, List<int> positions, List<Target> targets, bool evenRows)
    {
        var (firstRow, prompt) = (tokens.Count, group.Prompt.Length);
        if (prompt == 0) throw new ArgumentException("a training group needs a prompt of at least one token");
        var segments = new List<Segment> { new(0, prompt, 0) };
        tokens.AddRange(group.Prompt);
        positions.AddRange(Enumerable.Range(0, prompt));
        foreach (var completion in group.Completions)
        {
            var offset = tokens.Count - firstRow;
            for (var j = 0; j < completion.Length; j++)
            {
                targets.Add(new Target(j == 0 ? firstRow + prompt - 1 : firstRow + offset + j - 1, completion[j], sequence, j));
                if (j == completion.Length - 1) break;
                tokens.Add(completion[j]);
                positions.Add(prompt + j);
            }
            segments.Add(new Segment(offset, tokens.Count - firstRow - offset, prompt));
            sequence++;
        }
        if (evenRows && (tokens.Count - firstRow) % 2 != 0)
        {
            // A row that sees itself alone and that nobody learns from.
            segments.Add(new Segment(tokens.Count - firstRow, 1, 0));
            tokens.Add(0);
            positions.Add(0);
        }
        return new PackedGroup(firstRow, tokens.Count - firstRow, [.. segments]);
    }
}

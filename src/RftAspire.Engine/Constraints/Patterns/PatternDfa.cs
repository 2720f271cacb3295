using System.Runtime.InteropServices;

namespace RftAspire.Engine.Constraints.Patterns;

/// <summary>
/// The deterministic automaton of a pattern over code points, by the subset construction (Rabin and Scott, 1959). One that would
/// grow beyond bounds is refused: decoding under it would be as slow as building it.
/// </summary>
internal sealed class PatternDfa
{
    private const int MaxStates = 10_000;
    private const int MaxWork = 10_000_000;

    private readonly PatternNfa nfa;
    private readonly string path;
    private readonly int[] borders;
    private readonly Dictionary<string, int> known = new(StringComparer.Ordinal);
    private readonly List<int[]> subsets = [];
    private readonly List<State> states = [];
    private int work;

    private PatternDfa(PatternNfa nfa, string path)
    {
        (this.nfa, this.path) = (nfa, path);
        borders = [.. nfa.States.SelectMany(state => state.Points?.Ranges ?? []).SelectMany(range => new[] { range.Low, range.High + 1 }).Append(0).Append(CodePointSet.Last + 1).Distinct().Order()];
    }

    public readonly record struct Move(int Low, int High, int Target);

    public sealed record State(bool Accepts, List<Move> Moves);

    /// <summary>State 0 is the start.</summary>
    public static IReadOnlyList<State> Build(string pattern, string path)
    {
        var dfa = new PatternDfa(PatternNfa.Build(PatternParser.Parse(pattern, path), path), path);
        dfa.Find([dfa.nfa.Start], atStart: true);
        for (var state = 0; state < dfa.states.Count; state++) dfa.AddMoves(state);
        return dfa.states;
    }

    private void AddMoves(int state)
    {
        var targets = new List<int>?[borders.Length - 1];
        foreach (var member in subsets[state])
        {
            if (nfa.States[member].Points is not { } points) continue;
            foreach (var (low, high) in points.Ranges)
                for (var i = Array.BinarySearch(borders, low); borders[i] <= high; i++)
                {
                    (targets[i] ??= []).Add(nfa.States[member].Next);
                    Spend(1);
                }
        }
        var moves = states[state].Moves;
        for (var i = 0; i < targets.Length; i++)
        {
            if (targets[i] is not { } reached) continue;
            var target = Find(reached, atStart: false);
            if (moves.Count > 0 && moves[^1].Target == target && moves[^1].High + 1 == borders[i]) moves[^1] = moves[^1] with { High = borders[i + 1] - 1 };
            else moves.Add(new Move(borders[i], borders[i + 1] - 1, target));
        }
    }

    /// <summary>The state of a set of automaton states, closed over the steps that consume nothing.</summary>
    private int Find(List<int> members, bool atStart)
    {
        var running = Close(members, atStart, atEnd: false);
        // Whatever follows a match matches too: one state says so.
        if (running.Contains(nfa.Final)) running = [nfa.Final];
        var subset = running.Order().ToArray();
        var key = new string(MemoryMarshal.Cast<int, char>(subset)) + (atStart ? "^" : "");
        if (known.TryGetValue(key, out var state)) return state;
        if (states.Count >= MaxStates) throw TooLarge();
        var accepts = running.Contains(nfa.Final) || Close(members, atStart, atEnd: true).Contains(nfa.Final);
        subsets.Add(subset);
        states.Add(new State(accepts, []));
        return known[key] = states.Count - 1;
    }

    private HashSet<int> Close(List<int> members, bool atStart, bool atEnd)
    {
        var closed = new HashSet<int>(members);
        var open = new Stack<int>(closed);
        while (open.TryPop(out var member))
        {
            Spend(1);
            foreach (var (pass, target) in nfa.States[member].Steps)
                if ((pass == PatternNfa.Pass.Free || (pass == PatternNfa.Pass.AtStart ? atStart : atEnd)) && closed.Add(target)) open.Push(target);
        }
        return closed;
    }

    private void Spend(int steps)
    {
        if ((work += steps) > MaxWork) throw TooLarge();
    }

    private SchemaException TooLarge() => new(path, $"the pattern's automaton grows beyond {MaxStates} states or {MaxWork} steps; anchor it with ^ and $, or lower its repetition counts");
}

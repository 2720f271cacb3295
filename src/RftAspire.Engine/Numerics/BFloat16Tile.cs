namespace RftAspire.Engine.Numerics;

/// <summary>
/// Emits the micro-kernels of the bf16 product: C[r, 0..32 * panels) (+)= sum over pairs of A[r, pair] * B[pair, 0..32), all sums
/// in registers. A function takes (pairs of at least 1, a, bytes between rows of A, b, c, bytes between rows of C) after the
/// System V convention, and nothing outside rows and columns of the tile is written. Two panels follow each other in memory and
/// in C: low tiles need more sums in flight than one panel has to hide the six cycles of a step.
/// </summary>
internal sealed class BFloat16Tile(EvexAssembler code, int rows, int panels, bool turned)
{
    /// <summary>Rows of the tallest tile: 28 sums, two vectors of B and one of A fit the 32 registers.</summary>
    public const int MostRows = 14;

    /// <summary>Rows up to which two panels at once fit and pay.</summary>
    public const int MostRowsOfTwo = 6;

    private const Register Pairs = Register.Rdi, A = Register.Rsi, AStride = Register.Rdx, B = Register.Rcx;
    private const Register C = Register.R8, CStride = Register.R9, SecondB = Register.R11;
    private const int VectorBytes = 64, PairRowBytes = 2 * VectorBytes, PairBytes = sizeof(uint), BroadcastA = 30;

    // The weights of a large model come from memory: ask for them this many pairs before their turn.
    private const int PairsAhead = 32;

    // With the stride once, twice, four and eight times on top, four registers reach all rows from 0 to 13.
    private static readonly (Register Start, int Row)[] s_bases = [(A, 0), (Register.Rax, 3), (Register.R10, 5), (Register.R11, 10)];

    private readonly (Register Start, int Row)[] _bases = turned ? s_bases[..1] : [.. s_bases.Where(b => b.Row < rows)];
    private readonly int _vectors = 2 * panels;

    /// <summary>Writes the function and returns its entries, for sums that start from zero and from C.</summary>
    public (int FromZero, int FromC) Emit()
    {
        var fromZero = code.Position;
        code.Move(Register.Rax, C);
        ForEachSum(Register.Rax, (sum, _) => code.Zero(sum));
        var ready = code.Jump();
        var fromC = code.Position;
        code.Move(Register.Rax, C);
        ForEachSum(Register.Rax, code.LoadVector);
        code.Land(ready);
        if (panels == 1) ForEachSum(Register.Rax, (_, next) => code.PrefetchForWrite(next));
        FindRows();
        var loop = code.Position;
        Step();
        code.Subtract(Pairs, 1);
        code.JumpIfNotZero(loop);
        ForEachSum(C, code.StoreVector);
        code.ZeroUpper();
        code.Return();
        return (fromZero, fromC);
    }

    private void ForEachSum(Register row, Action<int, Address> move)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var v = 0; v < _vectors; v++) move(r * _vectors + v, new Address(row, v * VectorBytes));
            code.Add(row, CStride);
        }
    }

    private void FindRows()
    {
        for (var i = 1; i < _bases.Length; i++)
        {
            var (nearest, distance) = i < 3 ? (A, _bases[i].Row - 1) : (Register.R10, 4);
            code.Lea(_bases[i].Start, new Address(nearest, AStride, distance));
            code.Add(_bases[i].Start, AStride);
        }
        if (panels == 1) return;
        code.Move(SecondB, Pairs);
        code.ShiftLeft(SecondB, int.Log2(PairRowBytes));
        code.Add(SecondB, B);
    }

    private void Step()
    {
        var firstB = BroadcastA - _vectors;
        for (var v = 0; v < _vectors; v++)
        {
            var b = new Address(v < 2 ? B : SecondB, v % 2 * VectorBytes);
            code.LoadVector(firstB + v, b);
            code.Prefetch(b with { Displacement = b.Displacement + PairsAhead * PairRowBytes });
        }
        for (var r = 0; r < rows; r++)
        {
            // A broadcast of its own is cheaper than one inside each product: loads are the scarcer resource.
            code.Broadcast(BroadcastA, turned ? new Address(A, r * PairBytes) : Row(r));
            for (var v = 0; v < _vectors; v++) code.DotPairs(r * _vectors + v, firstB + v, BroadcastA);
        }
        if (turned) code.Add(A, AStride);
        else foreach (var (start, _) in _bases) code.Add(start, PairBytes);
        code.Add(B, PairRowBytes);
        if (panels > 1) code.Add(SecondB, PairRowBytes);
    }

    private Address Row(int row)
    {
        var (start, first) = _bases.First(b => row - b.Row is 0 or 1 or 2 or 4 or 8);
        return new Address(start, AStride, row - first);
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RftAspire.Engine.Numerics;

/// <summary>General registers that a System V function may overwrite, by their machine number.</summary>
internal enum Register { Rax, Rcx, Rdx, Rsi = 6, Rdi, R8, R9, R10, R11 }

/// <summary>The address base + index * scale + displacement in bytes; scale 0 means no index.</summary>
internal readonly record struct Address(Register Base, int Displacement = 0, Register Index = Register.Rax, int Scale = 0);

/// <summary>
/// Writes the few x86-64 instructions that the bf16 product needs; encodings after Intel's Software Developer's Manual,
/// volume 2. Vector registers are zmm0 to zmm31 by number.
/// </summary>
internal sealed class EvexAssembler
{
    private const int Map0F = 1, Map0F38 = 2, Prefix66 = 1, PrefixF3 = 2, VectorBytes = 64, LaneBytes = 4;
    private readonly List<byte> _code = [];

    public int Position => _code.Count;

    public ReadOnlySpan<byte> Code => CollectionsMarshal.AsSpan(_code);

    public void LoadVector(int target, Address source) => Evex(Map0F, 0, 0x10, target, 0, source, VectorBytes);

    public void StoreVector(int source, Address target) => Evex(Map0F, 0, 0x11, source, 0, target, VectorBytes);

    /// <summary>Copies one 32-bit element to all lanes.</summary>
    public void Broadcast(int target, Address source) => Evex(Map0F38, Prefix66, 0x58, target, 0, source, LaneBytes);

    public void Zero(int target) => Evex(Map0F, Prefix66, 0xef, target, target, target);

    /// <summary>VDPBF16PS: sum += left.odd * right.odd, then sum += left.even * right.even, in each 32-bit lane.</summary>
    public void DotPairs(int sum, int left, int right) => Evex(Map0F38, PrefixF3, 0x52, sum, left, right);

    /// <summary>Ends the use of wide registers: without it, older SSE code after the call would run slowly.</summary>
    public void ZeroUpper() => _code.AddRange([0xc5, 0xf8, 0x77]);

    public void Prefetch(Address address) => General([0x0f, 0x18], 1, address, wide: false);

    public void PrefetchForWrite(Address address) => General([0x0f, 0x0d], 1, address, wide: false);

    public void Lea(Register target, Address address) => General([0x8d], (int)target, address, wide: true);

    public void Add(Register target, Register value) => Registers(0x01, (int)value, target);

    public void Move(Register target, Register value) => Registers(0x89, (int)value, target);

    public void Add(Register target, int value)
    {
        Registers(0x81, 0, target);
        Int32(value);
    }

    public void Return() => _code.Add(0xc3);

    /// <summary>A jump forward, to be aimed with <see cref="Land"/>; returns its place.</summary>
    public int Jump()
    {
        _code.Add(0xe9);
        Int32(0);
        return Position;
    }

    /// <summary>Aims an earlier jump at the next instruction.</summary>
    public void Land(int jump) => BinaryPrimitives.WriteInt32LittleEndian(CollectionsMarshal.AsSpan(_code)[(jump - 4)..], Position - jump);

    /// <summary>Jumps back unless the last addition gave zero.</summary>
    public void JumpIfNotZero(int target)
    {
        _code.AddRange([0x0f, 0x85]);
        Int32(target - Position - 4);
    }

    private void Evex(int map, int prefix, byte opcode, int target, int left, int right)
    {
        EvexPrefix(map, prefix, target, left, (right >> 4) & 1, (right >> 3) & 1);
        _code.AddRange([opcode, (byte)(0xc0 | ((target & 7) << 3) | (right & 7))]);
    }

    /// <param name="unit">Bytes by which an 8-bit displacement is scaled: the size of the memory operand.</param>
    private void Evex(int map, int prefix, byte opcode, int target, int left, Address right, int unit)
    {
        EvexPrefix(map, prefix, target, left, (int)right.Index >> 3, (int)right.Base >> 3);
        _code.Add(opcode);
        Memory(target, right, unit);
    }

    private void EvexPrefix(int map, int prefix, int target, int left, int x, int b)
    {
        // Register number bits are stored inverted.
        var first = (((target >> 3) & 1) << 7) | (x << 6) | (b << 5) | (((target >> 4) & 1) << 4);
        _code.AddRange(
        [
            0x62,
            (byte)((first ^ 0xf0) | map),
            (byte)(((~left & 15) << 3) | 4 | prefix),
            (byte)(0x40 | ((~(left >> 4) & 1) << 3)),
        ]);
    }

    private void General(ReadOnlySpan<byte> opcode, int register, Address address, bool wide)
    {
        _code.Add((byte)(0x40 | (wide ? 8 : 0) | ((register >> 3) << 2) | (((int)address.Index >> 3) << 1) | ((int)address.Base >> 3)));
        _code.AddRange(opcode);
        Memory(register, address, unit: 1);
    }

    private void Registers(byte opcode, int register, Register operand) =>
        _code.AddRange([(byte)(0x48 | ((register >> 3) << 2) | ((int)operand >> 3)), opcode, (byte)(0xc0 | ((register & 7) << 3) | ((int)operand & 7))]);

    private void Memory(int register, Address address, int unit)
    {
        var shortForm = address.Displacement % unit == 0 && address.Displacement / unit is >= -128 and <= 127;
        var mode = address.Displacement == 0 ? 0 : shortForm ? 0x40 : 0x80;
        var indexed = address.Scale > 0;
        _code.Add((byte)(mode | ((register & 7) << 3) | (indexed ? 4 : (int)address.Base & 7)));
        if (indexed)
            _code.Add((byte)((int.Log2(address.Scale) << 6) | (((int)address.Index & 7) << 3) | ((int)address.Base & 7)));
        if (mode == 0x40) _code.Add((byte)(address.Displacement / unit));
        else if (mode == 0x80) Int32(address.Displacement);
    }

    private void Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _code.AddRange(bytes);
    }
}

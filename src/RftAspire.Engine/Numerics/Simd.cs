using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// The four operations of the matrix kernel on one vector register. Lanes hold different outputs and never meet, so every width
/// gives the same bits.
/// </summary>
internal unsafe interface ISimd<V>
    where V : struct
{
    static abstract int Lanes { get; }
    static abstract V Load(float* source);

    /// <summary>As floats the bf16 numbers at <paramref name="source"/>.</summary>
    static abstract V Widen(ushort* source);
    static abstract V Broadcast(float value);
    static abstract V MultiplyAdd(V left, V right, V addend);
    static abstract void Store(V value, float* target);

    /// <summary>Asks for the cache lines of two vectors.</summary>
    static abstract void Prefetch(float* address);
}

internal readonly unsafe struct Simd512 : ISimd<Vector512<float>>
{
    public static int Lanes => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Widen(ushort* source) => Avx512F.IsSupported
        ? Vector512.ShiftLeft(Avx512F.ConvertToVector512UInt32(Vector256.Load(source)), 16).AsSingle()
        : Vector512.Create(Simd256.Widen(source), Simd256.Widen(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> left, Vector512<float> right, Vector512<float> addend) =>
        Vector512.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* address)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(address);
        Sse.Prefetch0(address + 16);
    }
}

internal readonly unsafe struct Simd256 : ISimd<Vector256<float>>
{
    public static int Lanes => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(ushort* source) => Avx2.IsSupported
        ? Vector256.ShiftLeft(Avx2.ConvertToVector256Int32(Vector128.Load(source)), 16).AsSingle()
        : Vector256.Create(Simd128.Widen(source), Simd128.Widen(source + 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> left, Vector256<float> right, Vector256<float> addend) =>
        Vector256.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* address)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(address);
    }
}

internal readonly unsafe struct Simd128 : ISimd<Vector128<float>>
{
    public static int Lanes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Widen(ushort* source) => Vector128.ShiftLeft(Vector128.WidenLower(Vector64.Load(source).ToVector128Unsafe()), 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> left, Vector128<float> right, Vector128<float> addend) =>
        Vector128.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* address)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(address);
    }
}

/// <summary>How the right side of a product is stored.</summary>
internal unsafe interface IRightSide
{
    /// <summary>A vector of a row of B.</summary>
    static abstract V Load<TSimd, V>(float* row, int vector)
        where TSimd : struct, ISimd<V>
        where V : struct;
}

/// <summary>As floats.</summary>
internal readonly unsafe struct SingleRight : IRightSide
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<TSimd, V>(float* row, int vector)
        where TSimd : struct, ISimd<V>
        where V : struct => TSimd.Load(row + vector * TSimd.Lanes);
}

/// <summary>As bf16 numbers, two in the place of a float.</summary>
internal readonly unsafe struct HalfRight : IRightSide
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<TSimd, V>(float* row, int vector)
        where TSimd : struct, ISimd<V>
        where V : struct => TSimd.Widen((ushort*)row + vector * TSimd.Lanes);
}

using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

/// <summary>Bytes worked out by hand from Intel's manual and confirmed with a disassembler.</summary>
public sealed unsafe class EvexAssemblerTests
{
    [Fact]
    public void DotPairs_LowAndHighRegisters_SplitNumbersOverThePrefix()
    {
        Assert.Equal("62F26E4852CB", Bytes(code => code.DotPairs(1, 2, 3)));
        Assert.Equal("62921E4052C6", Bytes(code => code.DotPairs(0, 28, 30)));
        Assert.Equal("62021E4052C6", Bytes(code => code.DotPairs(24, 28, 30)));
    }

    [Fact]
    public void LoadVector_MultiplesOf64_TakeAByte()
    {
        Assert.Equal("62617C481021", Bytes(code => code.LoadVector(28, new Address(Register.Rcx))));
        Assert.Equal("62617C48106901", Bytes(code => code.LoadVector(29, new Address(Register.Rcx, 64))));
        Assert.Equal("62F17C48108104000000", Bytes(code => code.LoadVector(0, new Address(Register.Rcx, 4))));
        Assert.Equal("62417C48106C1303", Bytes(code => code.LoadVector(29, new Address(Register.R11, 192, Register.Rdx, 1))));
    }

    [Fact]
    public void OtherVectorInstructions_AnyOperands_HaveTheirBytes()
    {
        Assert.Equal("62D17C481100", Bytes(code => code.StoreVector(0, new Address(Register.R8))));
        Assert.Equal("62F17548EFC9", Bytes(code => code.Zero(1)));
        Assert.Equal("62627D48587603", Bytes(code => code.Broadcast(30, new Address(Register.Rsi, 12))));
        Assert.Equal("62627D4858745603", Bytes(code => code.Broadcast(30, new Address(Register.Rsi, 12, Register.Rdx, 2))));
        Assert.Equal("C5F877", Bytes(code => code.ZeroUpper()));
    }

    [Fact]
    public void GeneralInstructions_AnyOperands_HaveTheirBytes()
    {
        Assert.Equal("488D0456", Bytes(code => code.Lea(Register.Rax, new Address(Register.Rsi, 0, Register.Rdx, 2))));
        Assert.Equal("4D8D1C92", Bytes(code => code.Lea(Register.R11, new Address(Register.R10, 0, Register.Rdx, 4))));
        Assert.Equal("4801D0", Bytes(code => code.Add(Register.Rax, Register.Rdx)));
        Assert.Equal("4881C180000000", Bytes(code => code.Add(Register.Rcx, 128)));
        Assert.Equal("4881C7FFFFFFFF", Bytes(code => code.Add(Register.Rdi, -1)));
        Assert.Equal("4989FB", Bytes(code => code.Move(Register.R11, Register.Rdi)));
        Assert.Equal("400F188900100000", Bytes(code => code.Prefetch(new Address(Register.Rcx, 4096))));
        Assert.Equal("410F0D08", Bytes(code => code.PrefetchForWrite(new Address(Register.R8))));
    }

    [Fact]
    public void Jumps_ForwardAndBack_CountFromTheNextInstruction()
    {
        Assert.Equal("E901000000C3", Bytes(code =>
        {
            var jump = code.Jump();
            code.Return();
            code.Land(jump);
        }));
        Assert.Equal("C30F85F9FFFFFF", Bytes(code =>
        {
            var start = code.Position;
            code.Return();
            code.JumpIfNotZero(start);
        }));
    }

    [Fact]
    public void TryPlace_Code_CanBeCalledAndIsNotWritable()
    {
        var assembler = new EvexAssembler();
        assembler.Move(Register.Rax, Register.Rdi);
        assembler.Add(Register.Rax, Register.Rsi);
        assembler.Return();
        var code = ExecutableMemory.TryPlace(assembler.Code);
        // A system may refuse; the kernels then do without.
        if (code == null) return;
        Assert.Equal(42, ((delegate* unmanaged[SuppressGCTransition]<long, long, long>)code)(40, 2));
        var mapping = File.ReadLines("/proc/self/maps").Single(line => line.StartsWith($"{(nint)code:x}-", StringComparison.Ordinal));
        Assert.Equal("r-xp", mapping.Split(' ')[1]);
    }

    private static string Bytes(Action<EvexAssembler> write)
    {
        var assembler = new EvexAssembler();
        write(assembler);
        return Convert.ToHexString(assembler.Code);
    }
}

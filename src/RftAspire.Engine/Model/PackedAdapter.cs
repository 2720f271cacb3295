using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>One version of an adapter laid out for the forward pass. It stays apart from the base's weights, which all versions share.</summary>
internal sealed unsafe class PackedAdapter : IDisposable
{
    private readonly PackedLora?[][] _layers;

    public PackedAdapter(LoraAdapter adapter, ThreadTeam team)
    {
        Source = adapter;
        _layers = [.. Enumerable.Range(0, adapter.Layout.Config.Layers).Select(layer => Enum.GetValues<LayerProduct>().Select(which => New(layer, which)).ToArray())];
        Repack(team);
    }

    public LoraAdapter Source { get; }
    /// <summary>Most columns that t = x Aᵀ has.</summary>
    public int Columns => Source.Layout.Columns;

    /// <summary>Lays out the adapter's present values; call after every optimizer step.</summary>
    public void Repack(ThreadTeam team)
    {
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            foreach (var which in Enum.GetValues<LayerProduct>())
                if (_layers[layer][(int)which] is { } lora)
                    team.Run(new PackJob(Source, lora, Source.At(Source.Layout.Product(layer, which)!.A)));
        }
    }

    /// <summary>Computes t = x Aᵀ of a product, if it has an adapter.</summary>
    public LoraTerm Begin(int layer, LayerProduct which, int rows, float* x, float* t, ThreadTeam team)
    {
        if (_layers[layer][(int)which] is not { } lora) return default;
        team.RunRows(rows, new LoraColumnsJob(lora.A, rows, x, t));
        return new LoraTerm(lora, t);
    }

    public void Dispose()
    {
        foreach (var layer in _layers)
            foreach (var lora in layer) lora?.Dispose();
    }

    private PackedLora? New(int layer, LayerProduct which)
    {
        var (config, rank) = (Source.Layout.Config, Source.Layout.Settings.Rank);
        if (Source.Layout.Product(layer, which) is not { } product) return null;
        int[] outputs = which switch
        {
            LayerProduct.QueryKeyValue => [(config.Heads + 2 * config.KvHeads) * config.HeadDim],
            LayerProduct.GateUp => [config.IntermediateSize, config.IntermediateSize],
            _ => [config.HiddenSize],
        };
        return new PackedLora(new PackedMatrix(product.Columns, product.Inputs), [.. outputs.Select((count, i) => new PackedLoraB(product, i * count, count, rank))]);
    }

    private readonly struct PackJob(LoraAdapter adapter, PackedLora lora, float* a) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            lora.A.Pack(a, thread, threads);
            foreach (var b in lora.B) b.Pack(adapter, thread, threads);
        }
    }
}

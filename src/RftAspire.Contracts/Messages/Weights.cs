namespace RftAspire.Contracts.Messages;

/// <summary>Names one immutable set of weights: version 0 is the base model, step n publishes version n.</summary>
/// <param name="Version">The weights version, counted from 0.</param>
/// <param name="Location">Hugging Face folder, relative to the artifact store's root unless it is rooted; with a base, the folder of an adapter.</param>
/// <param name="Digest">sha256 over the tensor bytes in name order, lower-case hex.</param>
/// <param name="Precision">How products with them are computed, in sampling as in training.</param>
/// <param name="Base">Folder of the frozen weights that the low-rank adapter at the location goes with; null where the weights themselves are there.</param>
public sealed record WeightsReference(int Version, string Location, string Digest, ProductPrecision Precision = ProductPrecision.F32, string? Base = null);

/// <summary>Training has made a new weights version durable; samplers may load it ahead of the first group that asks for it.</summary>
public sealed record WeightsPublished(string JobId, WeightsReference Weights);

using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Constraints;

namespace RftAspire.Sampling;

/// <summary>A model in memory, with the schemas it was asked for last.</summary>
public sealed class LoadedPolicy : IDisposable
{
    private readonly Lazy<TokenConstraintCache> _constraints;

    internal LoadedPolicy(LanguageModel model)
    {
        Model = model;
        _constraints = new(() => new TokenConstraintCache(Model.Encoder!.Tokenizer, Model.Encoder.StopTokens, Model.Config.VocabSize));
    }

    public LanguageModel Model { get; }

    /// <summary>Constraint on the answers of a model that has a tokenizer and a token to end with.</summary>
    /// <exception cref="SchemaException">The schema is refused.</exception>
    public TokenConstraint Constraint(JsonAnswer answer) => _constraints.Value.Get(answer.SchemaJson);

    public void Dispose() => Model.Dispose();
}

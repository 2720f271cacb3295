using RftAspire.Cli.Pretraining;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Tokenization;

var recipe = new BaseModelRecipe();
var acts = LegalText.Read(args[0]);
var tokenizer = BpeTrainer.Train(acts.Select(a => a.Text), recipe.Vocabulary, BaseModelRecipe.SpecialTokens, AnswerFormat.BoostedWords());
Directory.CreateDirectory(args[1]);
tokenizer.Save(args[1]);
Console.WriteLine(string.Join('|', tokenizer.Encode("Title: Council Regulation\nDomains:\n{\"labels\":[\"Law\",\"Agriculture, forestry and fisheries\",\"Agri-foodstuffs\"]}").Select(i => tokenizer.IdToToken(i))));
using var team = new ThreadTeam();
var key = RandomKey.FromSeed(recipe.Seed);
using var parameters = Parameters.Random(recipe.Model, key.Derive(0));
foreach (var p in new LanguagePretraining(recipe, tokenizer, acts, parameters, team).Run(key.Derive(1)))
{
    Console.WriteLine($"step {p.Step} loss {p.Loss:F3} held-out {p.HeldOutLoss:F3} {p.TokensPerSecond:F0} tok/s");
    if (p.Step % 1000 == 0) CheckpointFolder.Save(Path.Combine(args[1], $"step-{p.Step}"), recipe.Model, parameters.ToWeights(), DType.F32, args[1]);
}
return 0;

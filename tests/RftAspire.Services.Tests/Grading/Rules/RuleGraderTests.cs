using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading.Rules;

/// <summary>What holds of every rule grader and every answer.</summary>
public sealed class RuleGraderTests
{
    private const string Row = """{"labels":["a",1,true],"items":["a","b"],"map":{"a":2,"b":1},"n":-1.5,"o":{"labels":["a"],"n":1}}""";

    private static readonly string[] s_pieces =
    [
        "{", "}", "[", "]", ":", ",", "\"labels\"", "\"ranking\"", "\"a\"", "\"b\"", "1", "1.0", "-1.5", "1e400", "true", "null", "{\"labels\":[\"a\",1]}",
        "{\"ranking\":[\"b\",\"a\"]}", "{\"n\":1}", "{\"n\":-1.5}", " ", "\n", "$", "%", ",000", ".", "e5", "\\ud83d", "\"\\ud83d\"", "\ud83d", "\u2212", "\0", "x", "<think>", "</think>",
    ];

    [Theory]
    [InlineData("""{"type":"label_set","reference":"{{item.labels}}","metric":"jaccard","ignore_case":true}""")]
    [InlineData("""{"type":"ranking","reference":"{{item.items}}","metric":"reciprocal_rank"}""")]
    [InlineData("""{"type":"ranking","reference":"{{item.map}}","metric":"ndcg","k":3}""")]
    [InlineData("""{"type":"numeric","input":"{{sample.output_text}}","reference":"{{item.n}}","extract":"last","tolerance":1,"falloff":9}""")]
    [InlineData("""{"type":"numeric","input":"{{sample.output_json.n}}","reference":"{{item.n}}"}""")]
    [InlineData("""{"type":"json_match","reference":"{{item.o}}","arrays":"set","tolerance":0.5,"schema":{"type":"object","properties":{"n":{"maximum":3}}}}""")]
    [InlineData("""{"type":"regex","input":"{{sample.output_text}}","pattern":"([ab1]+)","reference":"a"}""")]
    [InlineData("""{"type":"length","unit":"words","target_min":2,"target_max":3,"falloff":4}""")]
    [InlineData("""{"type":"text_similarity","input":"{{sample.output_json}}","reference":"{{item.o}}","evaluation_metric":"fuzzy_match"}""")]
    public void Grade_AnyAnswer_IsARewardFrom0To1AndTheSameAgain(string json)
    {
        var (grader, random, seen) = (new GraderFactory().Parse(json), new Random(6), new HashSet<double>());
        for (var round = 0; round < 3000; round++)
        {
            var answer = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => s_pieces[random.Next(s_pieces.Length)]));

            var reward = grader.Reward(Row, answer);

            Assert.InRange(reward, 0, 1);
            Assert.Equal(reward, grader.Reward(Row, answer));
            seen.Add(reward);
        }
        // The answers are not all alike to it.
        Assert.InRange(seen.Count, 2, int.MaxValue);
    }

    [Theory]
    [InlineData("""{"type":"label_set","reference":"{{item.labels}}"}""")]
    [InlineData("""{"type":"ranking","reference":"{{item.map}}","metric":"ndcg"}""")]
    [InlineData("""{"type":"numeric","input":"{{sample.output_json.n}}","reference":"{{item.n}}"}""")]
    [InlineData("""{"type":"json_match","reference":"{{item.o}}"}""")]
    [InlineData("""{"type":"regex","input":"{{sample.output_text}}","pattern":"(.+)","reference":"{{item.n}}"}""")]
    [InlineData("""{"type":"text_similarity","input":"{{sample.output_text}}","reference":"{{item.o}}","evaluation_metric":"rouge_l"}""")]
    public void ConstantAnswers_OneRow_HaveItsBestAnswer(string json)
    {
        var grader = new GraderFactory().Parse(json);

        Assert.Equal(1, grader.ConstantAnswers(TestRows.Items(Row)).Max(answer => grader.Reward(Row, answer)), 12);
    }
}

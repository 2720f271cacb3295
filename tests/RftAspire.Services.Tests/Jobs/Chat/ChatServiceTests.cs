using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;

namespace RftAspire.Services.Tests.Jobs.Chat;

public sealed class ChatServiceTests(ChatUnderTest service) : IClassFixture<ChatUnderTest>
{
    private readonly ChatService.ChatServiceClient _client = new(service.AdminChannel);

    [RedisFact]
    public async Task Complete_SameSeed_SameAnswerWithUsageLast()
    {
        var first = await CompleteAsync(Request());
        var again = await CompleteAsync(Request());
        var other = await CompleteAsync(Request(seed: 2));

        Assert.Equal(Texts(first), Texts(again));
        Assert.NotEqual(Texts(first), Texts(other));
        Assert.Equal(3, Texts(first).Length);
        Assert.Equal(3, Texts(first).Distinct().Count());
        Assert.NotNull(first[^1].Usage);
        Assert.All(first[..^1], response => Assert.NotNull(response.Delta));
        Assert.InRange(first[^1].Usage.CompletionTokens, 3, 3 * 20);
        Assert.InRange(first[^1].Usage.PromptTokens, 5, 100);
        Assert.Equal(3, first.Count(response => response.Delta?.FinishReason is "stop" or "length"));
    }

    [RedisFact]
    public async Task Complete_EveryFieldOutOfRange_NamesThemAll()
    {
        var request = Request();
        request.Prompt = "too";
        (request.N, request.MaxCompletionTokens, request.Temperature, request.TopP, request.TopLogprobs) = (129, 0, 2.1, double.NaN, 21);
        request.Messages[0].Role = "robot";
        request.Stop.AddRange(["a", "", "b", "c", "d"]);
        request.ResponseFormatJson = """{"type":"xml"}""";

        var error = await JobsUnderTest.FailsAsync(() => CompleteAsync(request), StatusCode.InvalidArgument);

        Assert.Equal(
            ["prompt", "messages[0].role", "n", "max_completion_tokens", "temperature", "top_p", "stop", "stop[1]", "top_logprobs", "top_logprobs", "response_format_json"],
            JobsUnderTest.Fields(error));
    }

    [RedisFact]
    public async Task Complete_PromptThatDoesNotFit_SaysTheNumbers()
    {
        var request = Request();
        request.MaxCompletionTokens = 500;
        var error = await JobsUnderTest.FailsAsync(() => CompleteAsync(request), StatusCode.InvalidArgument);
        Assert.Equal(["context_length"], JobsUnderTest.Fields(error));
        Assert.Contains("512", error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Complete_UnknownOrForeignModel_IsNotFoundInTheSameWords()
    {
        var foreign = "ft:base:somebody-else::0123abcd";
        JobsUnderTest.WriteModel(service.Artifacts.TunedModelFolder(foreign), "{}");
        var unknown = "ft:base:somebody-else::4567abcd";

        var errors = new List<string>();
        foreach (var name in new[] { foreign, unknown })
        {
            var request = Request();
            request.Model = name;
            errors.Add((await JobsUnderTest.FailsAsync(() => CompleteAsync(request), StatusCode.NotFound)).Status.Detail.Replace(name, "", StringComparison.Ordinal));
            await JobsUnderTest.FailsAsync(async () => await service.ModelClient.GetModelAsync(new GetModelRequest { Name = name }), StatusCode.NotFound);
            await JobsUnderTest.FailsAsync(async () => await service.ModelClient.DeleteModelAsync(new DeleteModelRequest { Name = name }), StatusCode.NotFound);
        }
        Assert.Equal(errors[0], errors[1]);
        Assert.DoesNotContain(foreign, (await service.ModelClient.ListModelsAsync(new ListModelsRequest())).Models.Select(model => model.Name));
        Assert.True(Directory.Exists(service.Artifacts.TunedModelFolder(foreign)));
    }

    [RedisFact]
    public async Task Complete_ClientLeaves_TheNextIsAnsweredAllTheSame()
    {
        var request = Request();
        (request.N, request.MaxCompletionTokens, request.Temperature) = (64, 450, 2);
        using (var call = _client.Complete(request))
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        }
        Assert.NotEmpty(await CompleteAsync(Request()));
    }

    [RedisFact]
    public async Task Complete_ModelMadeWithAnAdapter_IsLoadedWhateverTheAdaptersDigest()
    {
        var create = await service.RequestAsync();
        (create.Model, create.Hyperparameters) = (ChatUnderTest.Model, new Hyperparameters { Steps = 1, LoraRank = 2 });
        var id = (await service.Client.CreateJobAsync(create)).Id;
        var model = $"ft:{ChatUnderTest.Model}:default::{id[6..14]}";
        Directory.CreateDirectory(Path.GetDirectoryName(service.Artifacts.TunedModelFolder(model))!);
        Directory.CreateSymbolicLink(service.Artifacts.TunedModelFolder(model), service.Artifacts.ModelFolder(ChatUnderTest.Model)!);
        foreach (var message in (object[])[new DatasetsIngested(id, 1, 0, []), new GraderAccepted(id, []), new TrainingStarted(id, 1), new JobSucceeded(id, model, "beef")])
            await service.PublishAsync(message);
        await JobsUnderTest.UntilAsync(async () => (await service.Client.GetJobAsync(new GetJobRequest { JobId = id })).State == JobState.Succeeded);

        var request = Request();
        request.Model = model;
        Assert.Equal(Texts(await CompleteAsync(Request())), Texts(await CompleteAsync(request)));
    }

    private static CompleteRequest Request(long seed = 1) => new()
    {
        Model = ChatUnderTest.Model,
        Messages = { new ChatMessage { Role = "developer", Content = "Name the domains." }, new ChatMessage { Role = "user", Content = ChatUnderTest.Question } },
        N = 3,
        MaxCompletionTokens = 20,
        Seed = seed,
    };

    private async Task<List<CompleteResponse>> CompleteAsync(CompleteRequest request)
    {
        using var call = _client.Complete(request, deadline: DateTime.UtcNow.AddMinutes(1));
        var responses = new List<CompleteResponse>();
        await foreach (var response in call.ResponseStream.ReadAllAsync()) responses.Add(response);
        return responses;
    }

    private static string[] Texts(List<CompleteResponse> responses) =>
        [.. responses.Where(response => response.Delta is not null).GroupBy(response => response.Delta.Index).OrderBy(choice => choice.Key)
            .Select(choice => string.Concat(choice.Select(response => response.Delta.Text)))];
}

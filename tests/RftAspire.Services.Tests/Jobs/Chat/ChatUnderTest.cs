using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Sampling;
using RftAspire.Services.Tests.Architecture;

namespace RftAspire.Services.Tests.Jobs.Chat;

/// <summary>Jobs with a Sampling worker on its bus, and the repository's model.</summary>
public class ChatUnderTest : JobsUnderTest
{
    public const string Model = "eurovoc-base-5m";
    public const string Question = "Title of the act: Regulation on the common fisheries policy";

    protected override Dictionary<string, string?> Settings => new() { ["Sampling:Threads"] = "1" };

    protected override void Replace(IServiceCollection services)
    {
        Directory.CreateSymbolicLink(Path.Combine(Artifacts.BaseModels, Model), Path.Combine(Repository.Root.FullName, "models", Model));
        services.AddMassTransitTestHarness(bus => bus.AddSamplingConsumers());
        services.AddSamplingParts();
    }
}

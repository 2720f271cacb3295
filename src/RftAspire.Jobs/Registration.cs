using RftAspire.Contracts;
using RftAspire.Jobs.Chat;
using RftAspire.Jobs.Evals;
using RftAspire.Jobs.Files;
using RftAspire.Jobs.Graders;
using RftAspire.Jobs.Lineage;
using RftAspire.Jobs.Metrics;
using RftAspire.Jobs.Models;
using RftAspire.Jobs.Rollouts;
using RftAspire.Jobs.State;
using RftAspire.Jobs.Webhooks;

namespace RftAspire.Jobs;

/// <summary>The service's own parts.</summary>
public static class Registration
{
    public static void AddJobs(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<JobsOptions>().BindConfiguration("Jobs").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => ArtifactStore.Open(
            provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<IHostEnvironment>().ContentRootPath));
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<JobSignal>().AddSingleton<JobStore>().AddSingleton<JobCommands>();
        services.AddFiles();
        services.AddSingleton<CreateJob>().AddSingleton<ReadJobs>().AddSingleton<ListRollouts>().AddSingleton<GetLineage>().AddSingleton<WatchJob>();
        services.AddSingleton<CancelJob>().AddSingleton<PauseJob>().AddSingleton<ResumeJob>().AddSingleton<ModelFolders>().AddSingleton<ListModels>();
        services.AddSingleton<GradingConnection>().AddSingleton<WriteResults>();
        services.AddSingleton<ServedModels>().AddSingleton<DeleteModel>().AddSingleton<ExportModel>();
        services.AddOptions<ChatOptions>().BindConfiguration("Jobs:Chat").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<CompletionInbox>().AddSingleton<CompleteChat>();
        services.AddOptions<WebhooksOptions>().BindConfiguration("Jobs:Webhooks").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<WebhookStore>().AddSingleton<WebhookSender>().AddHostedService(provider => provider.GetRequiredService<WebhookSender>());
        services.AddSingleton<EvalStore>().AddSingleton<EvalRunSignal>().AddSingleton<EditEvals>().AddSingleton<EvalRuns>().AddSingleton<EvalRows>();
        services.AddHostedService<EvalRunner>();
        services.AddSingleton<JobSweeper>().AddHostedService(provider => provider.GetRequiredService<JobSweeper>());
    }
}

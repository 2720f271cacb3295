using RftAspire.Cli;

return await CommandLine.RunAsync(args, Surroundings.OfProcess());

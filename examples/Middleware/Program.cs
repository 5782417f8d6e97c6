// One line between a chat client and its user: what fails the refiner's judgement is repaired by a tree search. Asks the
// same held-out tasks with and without it, and checks the answers exactly; from the repository's root:
//   dotnet run -c Release --project examples/Middleware
//   dotnet run -c Release --project examples/Middleware -- runs/quickstart/checkpoints/actor-3 500
using Microsoft.Extensions.AI;
using Spar.Decoding;
using Spar.Engine.Inference;
using Spar.Ground;
using Spar.Nano;
using Spar.Runtime.Embedded;
using Spar.Templates;

string model = args.Length > 0 ? args[0] : "models/nano";
int count = args.Length > 1 ? int.Parse(args[1]) : 500;
try
{
    using IChatClient plain = await new EmbeddedModelHost(new EngineOptions()).OpenAsync(
        model, CancellationToken.None);

    // The line.
    IChatClient refined = plain.AsBuilder().UseTreeSearchRefinement(configure: search =>
        search.Templates = TemplateSet.Load("compact")).Build();

    NanoTask[] tasks = [.. HeldOut.Tasks(TaskForm.Line).Take(count)];
    foreach ((string name, IChatClient client) in new[] { ("model", plain), ("with tree search", refined) })
    {
        string[] answers = await Task.WhenAll(tasks.Select(async task =>
            (await client.GetResponseAsync(task.Instruction, new ChatOptions { Temperature = 0 })).Text));
        int followed = tasks.Zip(answers).Count(pair => pair.First.IsSatisfiedBy(pair.Second));
        Console.WriteLine($"{name}: {followed} of {tasks.Length} instructions followed ({100.0 * followed / tasks.Length:0.0} %)");
    }

    return 0;
}
catch (UserFaultException fault)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}

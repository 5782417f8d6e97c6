// Answers an instruction, lets the model judge its own response, and mends what failed by a tree search over
// refinements. Any IChatClient will do in the place of the embedded engine; from the repository's root:
//   dotnet run -c Release --project examples/Refine
//   dotnet run -c Release --project examples/Refine -- models/nano "write a line about the sea. use exactly 5 words.
// use the word crab."
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Decoding;
using Spar.Engine.Inference;
using Spar.Ground;
using Spar.Runtime.Embedded;
using Spar.Search;
using Spar.Templates;

string model = args.Length > 0 ? args[0] : "models/nano";
string instruction = args.Length > 1 ? args[1] : "write a line about the sea. use exactly 5 words. use the word crab.";
try
{
    using IChatClient client = await new EmbeddedModelHost(new EngineOptions()).OpenAsync(
        model,
        CancellationToken.None
    );

    // One seed for everything that is random: the same answer every time.
    using CallSession session = new(seed: 1, concurrency: 32);
    ModelCaller caller = new(client, session);
    DecodingSettings settings = new(
        Respond: new Sampling(0.9, 0.9, 64),
        Judge: new Sampling(0.7, 1, 200),
        Refine: new Sampling(0.7, 1, 200),
        Votes: 5,
        Samples: 5,
        new SearchSettings()
    );
    IDecodingStrategy search = DecodingStrategies.Create("bfs", caller, caller, TemplateSet.Load("compact"), settings);
    Decoded decoded = await search.DecodeAsync("example", instruction, CancellationToken.None);
    foreach (Candidate candidate in decoded.Candidates)
    {
        Console.WriteLine($"{candidate.Valuation?.Value:0.0}  {candidate.Response}");
    }

    Console.WriteLine($"\n{decoded.Response}\n({session.Calls} calls)");
    return 0;
}
catch (UserFaultException fault)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}

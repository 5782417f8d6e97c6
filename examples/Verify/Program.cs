// Checks a response by rule: any of the constraints of IFEval, IFBench and IFTrain, each with one sentence that says
// what was found.
//   dotnet run -c Release --project examples/Verify
//   dotnet run -c Release --project examples/Verify -- "The sea is calm, and so am I."
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;

string response = args.Length > 0 ? args[0] : "The sea is calm today. It is, after all, summer.";
(string Id, string Arguments)[] constraints =
[
    ("punctuation:no_comma", "{}"),
    ("length_constraints:number_words", """{"relation": "at least", "num_words": 5}"""),
    ("keywords:existence", """{"keywords": ["sea"]}"""),
];
foreach ((string id, string arguments) in constraints)
{
    Verdict verdict = InstructionRegistry.Create(id, InstructionArguments.Parse(arguments)).Verify(response);
    Console.WriteLine($"{(verdict.Followed ? "followed" : "not followed")}  {id}: the response {verdict.Explanation}");
}

Console.WriteLine(
    $"\n{InstructionRegistry.Ids.Count} constraints of {InstructionRegistry.Families.Count} families are known."
);

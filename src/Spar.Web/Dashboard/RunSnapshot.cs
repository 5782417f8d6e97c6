using Spar.Runs;
using Spar.Store;
using Spar.Web.Reports;

namespace Spar.Web.Dashboard;

/// <summary>What a run is at a moment, as the pages show it.</summary>
/// <param name="Version">Grows with every change that a page could show.</param>
/// <param name="Model">Results, iterations and trainings, those in progress included; without examples.</param>
/// <param name="State">How far it is.</param>
/// <param name="Timings">How long each ended stage took.</param>
/// <param name="StageItemsDone">Items that the stage in hand has finished.</param>
/// <param name="Rate">Calls and generated tokens a second in the last minute; null where too little is known.</param>
/// <param name="CallsUncounted">Rows of calls that are not counted yet.</param>
/// <param name="Prompts">Prompts in the index.</param>
/// <param name="ItemsUnindexed">Rows of items that are not indexed yet.</param>
/// <param name="Notices">Warnings and faults out of the log.</param>
public sealed record RunSnapshot(
    long Version,
    ReportModel Model,
    RunState State,
    IReadOnlyList<StageTiming> Timings,
    int StageItemsDone,
    (double Calls, double Tokens)? Rate,
    long CallsUncounted,
    long Prompts,
    long ItemsUnindexed,
    IReadOnlyList<RunNotice> Notices);

using System.Collections.Frozen;
using Spar.Ground;

namespace Spar.Nano;

/// <summary>
/// Prompts of the nano world by split. Held-out prompts come from a range of seeds that nothing else uses, and no other
/// split contains an instruction that is identical to one of them.
/// </summary>
public static class HeldOut
{
    /// <summary>Held-out tasks of each form.</summary>
    public const int Count = 1000;

    private const ulong FirstSeed = 0x48_45_4C_44_00_00_00_00;

    private static readonly Lazy<IReadOnlyList<NanoTask>> s_lines = new(() => Build(TaskForm.Line));
    private static readonly Lazy<IReadOnlyList<NanoTask>> s_stories = new(() => Build(TaskForm.Story));
    private static readonly Lazy<FrozenSet<string>> s_instructions = new(() =>
        s_lines.Value.Concat(s_stories.Value).Select(task => task.Instruction).ToFrozenSet()
    );

    /// <summary>
    /// The held-out tasks of a form: <see cref="Count"/> of them, each instruction once, always the same.
    /// </summary>
    /// <param name="form">Line or story.</param>
    public static IReadOnlyList<NanoTask> Tasks(TaskForm form) =>
        form == TaskForm.Line ? s_lines.Value : s_stories.Value;

    /// <summary>True for the instruction of a held-out task.</summary>
    /// <param name="instruction">An instruction.</param>
    public static bool Contains(string instruction) => s_instructions.Value.Contains(instruction);

    private static List<NanoTask> Build(TaskForm form)
    {
        List<NanoTask> tasks = [];
        HashSet<string> seen = [];
        for (ulong i = 0; tasks.Count < Count; i++)
        {
            NanoTask task = TaskSampler.Draw(SeededRandom.Scrambled(FirstSeed + ((ulong)form << 24) + i), form);
            if (seen.Add(task.Instruction))
            {
                tasks.Add(task);
            }
        }

        return tasks;
    }
}

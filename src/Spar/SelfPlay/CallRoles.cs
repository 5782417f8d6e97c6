using System.IO.Enumeration;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>Which part a call was made for, told by its key.</summary>
public static class CallRoles
{
    /// <summary>The beginning of the keys of calls to a model that teaches.</summary>
    internal const string TeacherModel = "teacher-model/";

    /// <summary>Parts in the order in which keys are held against their patterns; the first that fits counts.</summary>
    private static readonly (string Role, string Pattern)[] s_roles =
    [
        ("teacher", $"{TeacherModel}*"),
        ("evaluation", "eval/*"),
        ("refiner", "*/refine/*"),
        ("judge", "*/judge/*"),
        ("judge", "*/judge"),
        ("judge", "*/meta/*"),
        ("actor", "*/respond/*"),
    ];

    /// <summary>
    /// Answered calls of models by the part that they were made for: actor, refiner (refinements), judge, teacher,
    /// evaluation, other (what baselines have models write).
    /// </summary>
    /// <param name="store">The run.</param>
    public static IReadOnlyList<RoleCalls> Of(RunStore store) => store.CallsByRole(s_roles, "other");

    /// <summary>The same of the calls that were kept between two looks at a run.</summary>
    /// <param name="store">The run.</param>
    /// <param name="after">The last row of the earlier look (<see cref="StoreMark.Calls"/>).</param>
    /// <param name="upTo">The last row of this one.</param>
    public static IReadOnlyList<RoleCalls> Between(RunStore store, long after, long upTo) =>
        store.CallsByRole(s_roles, "other", after, upTo);

    /// <summary>The part that a call was made for.</summary>
    /// <param name="key">The call's key.</param>
    public static string Of(string key) =>
        s_roles.FirstOrDefault(role => FileSystemName.MatchesSimpleExpression(role.Pattern, key, ignoreCase: false)).Role
        ?? "other";
}

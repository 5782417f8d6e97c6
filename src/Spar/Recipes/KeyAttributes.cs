namespace Spar.Recipes;

/// <summary>Which of a run's results a key has a say in.</summary>
public enum Results
{
    /// <summary>All of them, from the start on: M_0, R_0 and their evaluation.</summary>
    All,

    /// <summary>Those of self-play; the start of a run is the same whatever the value.</summary>
    SelfPlay,

    /// <summary>None: the value changes how fast a run is, or where its files go.</summary>
    None,
}

/// <summary>What a text in a recipe points to.</summary>
public enum Referent
{
    /// <summary>A model: a checkpoint folder, a GGUF file, or a served model; of a run its last actor.</summary>
    Model,

    /// <summary>A model that judges, or "refiner" for the run's own; of a run its last refiner.</summary>
    JudgeModel,

    /// <summary>A model that judges and refines, named like <see cref="Model"/>; of a run its last refiner.</summary>
    RefinerModel,

    /// <summary>A prompt set: the name of a built-in one, or a folder.</summary>
    PromptSet,

    /// <summary>A file of text that is read whole.</summary>
    File,

    /// <summary>A file of rows, of any size.</summary>
    Rows,

    /// <summary>A file of rows that are lessons, with what an export wrote beside it.</summary>
    Lessons,

    /// <summary>A folder of data.</summary>
    Folder,
}

/// <summary>Says which results a key of a recipe, or a group and all that is in it, decides.</summary>
/// <param name="results">The results.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DecidesAttribute(Results results) : Attribute
{
    /// <summary>The results.</summary>
    public Results Results { get; } = results;
}

/// <summary>
/// Says that a key's text, or each text of its list, points to something whose content matters and not where it lies.
/// </summary>
/// <param name="referent">What it points to.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RefersToAttribute(Referent referent) : Attribute
{
    /// <summary>What it points to.</summary>
    public Referent Referent { get; } = referent;
}

/// <summary>
/// Says that a record's keys stand among those of the record that holds it, not in a group of their own.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class InlinedAttribute : Attribute;

/// <summary>What is true of referents.</summary>
public static class Referents
{
    /// <summary>Whether texts point to models.</summary>
    /// <param name="referent">What they point to.</param>
    public static bool IsModel(this Referent referent) =>
        referent is Referent.Model or Referent.RefinerModel or Referent.JudgeModel;
}

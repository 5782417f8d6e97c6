namespace Spar.Seams;

/// <summary>The part that a model plays, which says what a run directory stands for.</summary>
public enum ModelRole
{
    /// <summary>It answers: of a run its last actor.</summary>
    Actor,

    /// <summary>It judges and refines: of a run its last refiner.</summary>
    Refiner,
}

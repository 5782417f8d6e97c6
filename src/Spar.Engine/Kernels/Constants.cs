namespace Spar.Engine.Kernels;

/// <summary>
/// A number known at compile time, so that a kernel is compiled once for each value with its branches gone.
/// </summary>
internal interface IConstant
{
    /// <summary>The number.</summary>
    static abstract int Value { get; }
}

internal readonly struct R1 : IConstant { public static int Value => 1; }

internal readonly struct R2 : IConstant { public static int Value => 2; }

internal readonly struct R3 : IConstant { public static int Value => 3; }

internal readonly struct R4 : IConstant { public static int Value => 4; }

internal readonly struct R5 : IConstant { public static int Value => 5; }

internal readonly struct R6 : IConstant { public static int Value => 6; }

internal readonly struct R7 : IConstant { public static int Value => 7; }

internal readonly struct R8 : IConstant { public static int Value => 8; }

internal readonly struct R9 : IConstant { public static int Value => 9; }

internal readonly struct R10 : IConstant { public static int Value => 10; }

internal readonly struct R11 : IConstant { public static int Value => 11; }

internal readonly struct R12 : IConstant { public static int Value => 12; }

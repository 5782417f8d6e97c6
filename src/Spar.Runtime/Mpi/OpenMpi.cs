using System.Runtime.InteropServices;
using Spar.Ground;

namespace Spar.Runtime.Mpi;

/// <summary>
/// The few functions of Open MPI's C interface that training takes (libmpi.so.40: Open MPI 4 and 5). The package MPI.NET
/// (1.4.0) asks for Microsoft's msmpi.dll and finds nothing on Linux. Handles are pointers; those of communicators, types
/// and operations are the addresses of symbols that the library exports (mpi.h: <c>OMPI_PREDEFINED_GLOBAL</c>). A call that
/// fails ends the process and all ranks, as MPI_ERRORS_ARE_FATAL, the default, has it.
/// </summary>
internal static unsafe partial class OpenMpi
{
    /// <summary>MPI_THREAD_SERIALIZED: several threads, one call at a time.</summary>
    public const int ThreadSerialized = 2;

    private const string Library = "libmpi.so.40";

    private static readonly Lazy<nint> s_library = new(() =>
        NativeLibrary.TryLoad(Library, out nint found)
            ? found
            : throw new UserFaultException(
                $"Open MPI's library ({Library}) is not here.",
                "Install Open MPI 4 or 5 on every machine that trains (on Debian: apt-get install openmpi-bin), or name its "
                + "folder in LD_LIBRARY_PATH, or leave trainer.ranks out of the recipe."));

    /// <summary>MPI_COMM_WORLD.</summary>
    public static nint World => Symbol("ompi_mpi_comm_world");

    /// <summary>MPI_FLOAT.</summary>
    public static nint Float => Symbol("ompi_mpi_float");

    /// <summary>MPI_BYTE.</summary>
    public static nint Byte => Symbol("ompi_mpi_byte");

    /// <summary>MPI_INT.</summary>
    public static nint Int => Symbol("ompi_mpi_int");

    /// <summary>MPI_MAX.</summary>
    public static nint Max => Symbol("ompi_mpi_op_max");

    /// <summary>Looks whether the library is there.</summary>
    /// <exception cref="UserFaultException">It is not.</exception>
    public static void Load() => _ = s_library.Value;

    [LibraryImport(Library, EntryPoint = "MPI_Init_thread")]
    public static partial int InitThread(nint argc, nint argv, int required, out int provided);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_rank")]
    public static partial int CommRank(nint communicator, out int rank);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_size")]
    public static partial int CommSize(nint communicator, out int size);

    [LibraryImport(Library, EntryPoint = "MPI_Isend")]
    public static partial int Isend(
        nint data, int count, nint type, int rank, int tag, nint communicator, out nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Irecv")]
    public static partial int Irecv(
        nint data, int count, nint type, int rank, int tag, nint communicator, out nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Ibcast")]
    public static partial int Ibcast(
        byte* data, int count, nint type, int rank, nint communicator, out nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Iallreduce")]
    public static partial int Iallreduce(
        int* mine, int* all, int count, nint type, nint operation, nint communicator, out nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Test")]
    public static partial int Test(ref nint request, out int flag, nint status);

    [LibraryImport(Library, EntryPoint = "MPI_Abort")]
    public static partial int Abort(nint communicator, int code);

    [LibraryImport(Library, EntryPoint = "MPI_Finalize")]
    public static partial int Finalize();

    private static nint Symbol(string name) => NativeLibrary.GetExport(s_library.Value, name);
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import io.vfio4j.linux.DeviceCalls;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigratableDevice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A simulated device as Linux shows one: by {@code /dev/vfio/0} and a container, and by
 * {@code /dev/vfio/devices/vfio0} and {@code /dev/iommu}. Its descriptors are real, and lead to empty files, so that
 * what is left open can be seen. For one thread at a time.
 *
 * <p>
 * As Linux, it answers a move that failed with the state that was asked for, has one opener for a group, wants a
 * container before a device and a binding before all else, and leaves a device that is closed as it is.
 */
public final class ScriptedKernel implements DeviceCalls {

  /** The number of the group. */
  public static final int GROUP = 0;
  /** The name of the device's own file. */
  public static final String CDEV = "vfio0";

  private static final AtomicLong FILES = new AtomicLong();
  /** Stands for read(2) among the requests. */
  private static final int READ = -1;

  private record OpenFile(String name, ScriptedFile file) {
  }

  /** The next so many calls of a request are not made, and are answered all the same. */
  private static final class ScriptedAnswer {
    private final int request;
    private final int answer;
    private int times;

    ScriptedAnswer(int request, int answer, int times) {
      this.request = request;
      this.answer = answer;
      this.times = times;
    }
  }

  private final KernelProfile profile;
  private final ScriptedDevice device;
  private final ScriptedMemory memory = new ScriptedMemory();
  private final Map<Integer, OpenFile> files = new HashMap<>();
  private final Map<String, Errno> openErrors = new HashMap<>();
  private final List<ScriptedAnswer> scriptedAnswers = new ArrayList<>();
  private final List<Integer> requests = new ArrayList<>();
  private final Map<Integer, Consumer<MemorySegment>> answerChanges = new HashMap<>();
  private int waitCount;
  private boolean interrupting;
  private boolean interrupted;

  /**
   * Makes a kernel.
   *
   * @param device the device that it has
   * @param profile how it is beyond what all kernels are
   */
  public ScriptedKernel(MigratableDevice device, KernelProfile profile) {
    this.profile = profile;
    this.device = new ScriptedDevice(this, device, profile);
  }

  /** Has the next calls of a request fail. */
  public void fail(int request, Errno errno, int times) {
    answer(request, -errno.number(), times);
  }

  /** Has the next calls of a request answered without being made. */
  public void answer(int request, int answer, int times) {
    scriptedAnswers.add(new ScriptedAnswer(request, answer, times));
  }

  /**
   * Has the answers to a request changed, from now on.
   *
   * @param change gets the argument as it was answered
   */
  public void changeAnswer(int request, Consumer<MemorySegment> change) {
    answerChanges.put(request, change);
  }

  /** Has the next reads of data sessions fail. */
  public void failReads(Errno errno, int times) {
    fail(READ, errno, times);
  }

  /** Returns how often somebody waited for something to read. */
  public int waitCount() {
    return waitCount;
  }

  /** Has a file not open any more. */
  public void failOpen(String path, Errno errno) {
    openErrors.put(path, errno);
  }

  /** Has a signal interrupt each call once, before anything is done. */
  public void interruptEachCall() {
    interrupting = true;
  }

  /** Returns the requests that were made, in order. */
  public List<Integer> requests() {
    return List.copyOf(requests);
  }

  /** Has the device write to memory: its own log and the one of the IOMMU have it then. */
  public void write(long iova) {
    device.write(iova, 1);
    memory.write(iova);
  }

  /** Returns the memory that the device may reach. */
  public ScriptedMemory memory() {
    return memory;
  }

  /** Raises an interrupt, if somebody listens. */
  public void raise(int index, int vector) throws LinuxException {
    device.raise(index, vector);
  }

  /** Returns the descriptors that are open, by what they are of. */
  public List<String> openFiles() {
    return files.entrySet().stream().filter(file -> isOpen(file.getKey(), file.getValue()))
        .map(file -> file.getValue().name.substring(0, file.getValue().name.indexOf('#'))).sorted().toList();
  }

  /** A number that was closed may be used again, for anything. */
  private static boolean isOpen(int number, OpenFile open) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(number))).toString()
          .startsWith("/memfd:" + open.name);
    } catch (IOException e) {
      return false; // closed
    }
  }

  private boolean isOpen(String kind) {
    return openFiles().contains(kind);
  }

  /** Opens a file of its own. */
  int install(String kind, ScriptedFile file) {
    String name = kind + "#" + FILES.incrementAndGet();
    try {
      // Nothing but its number is kept: who called owns it.
      int number = Memfd.create(name, 0).number();
      files.put(number, new OpenFile(name, file));
      return number;
    } catch (LinuxException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isInterrupted() {
    interrupted = interrupting && !interrupted;
    return interrupted;
  }

  @Override
  public int open(Path path) {
    if (isInterrupted()) {
      return -Errno.EINTR.number();
    }
    Errno closed = openErrors.get(path.toString());
    if (closed != null) {
      return -closed.number();
    }
    return switch (path.toString()) {
      case "/dev/vfio/vfio" -> install("container", new ContainerFile(memory, profile));
      case "/dev/vfio/" + GROUP ->
        isOpen("group") ? -Errno.EBUSY.number() : install("group", new GroupFile(this));
      case "/dev/vfio/devices/" + CDEV -> install("device", device.cdevFile());
      case "/dev/iommu" -> profile.hasIommufd()
          ? install("iommufd", new IommufdFile(memory, profile))
          : -Errno.ENOENT.number();
      default -> -Errno.ENOENT.number();
    };
  }

  /** Returns what a descriptor is of, if it is this kernel's. */
  @Nullable
  ScriptedFile file(int number) {
    OpenFile open = files.get(number);
    return open != null && isOpen(number, open) ? open.file : null;
  }

  /** Opens the device through its group. */
  int openDevice(String name) {
    return name.equals(device.name()) ? install("device", device.groupFile()) : -Errno.ENODEV.number();
  }

  KernelProfile profile() {
    return profile;
  }

  @Override
  public Fd adopt(int number, String name) {
    return DeviceCalls.system().adopt(number, name);
  }

  /** Returns what a descriptor is of, or null if that is closed. */
  private @Nullable ScriptedFile of(Fd fd) {
    return fd.isOpen() ? file(fd.number()) : null;
  }

  @Override
  public int ioctl(Fd fd, int request, MemorySegment argument, MemorySegment pointedAt) {
    ScriptedFile file = of(fd);
    if (file == null) {
      return -Errno.EBADF.number();
    }
    if (isInterrupted()) {
      return -Errno.EINTR.number();
    }
    requests.add(request);
    OptionalInt ordered = nextScriptedAnswer(request);
    int result = ordered.isPresent() ? ordered.getAsInt() : file.ioctl(request, argument, pointedAt);
    Consumer<MemorySegment> change = answerChanges.get(request);
    if (result >= 0 && change != null) {
      change.accept(argument);
    }
    return result;
  }

  /** Returns the answer that is ordered, if one is. */
  private OptionalInt nextScriptedAnswer(int request) {
    for (ScriptedAnswer trouble : scriptedAnswers) {
      if (trouble.request == request && trouble.times > 0) {
        trouble.times--;
        return OptionalInt.of(trouble.answer);
      }
    }
    return OptionalInt.empty();
  }

  @Override
  public long read(Fd fd, MemorySegment into) {
    ScriptedFile file = of(fd);
    if (file == null || isInterrupted()) {
      return -(file == null ? Errno.EBADF : Errno.EINTR).number();
    }
    OptionalInt ordered = nextScriptedAnswer(READ);
    return ordered.isPresent() ? ordered.getAsInt() : file.read(into);
  }

  @Override
  public long write(Fd fd, MemorySegment from) {
    ScriptedFile file = of(fd);
    return file == null ? -Errno.EBADF.number() : isInterrupted() ? -Errno.EINTR.number() : file.write(from);
  }

  @Override
  public long read(Fd fd, MemorySegment into, long offset) {
    ScriptedFile file = of(fd);
    return file == null ? -Errno.EBADF.number()
        : isInterrupted() ? -Errno.EINTR.number() : file.read(into, offset);
  }

  @Override
  public long write(Fd fd, MemorySegment from, long offset) {
    ScriptedFile file = of(fd);
    return file == null ? -Errno.EBADF.number()
        : isInterrupted() ? -Errno.EINTR.number() : file.write(from, offset);
  }

  /** {@inheritDoc} There is always something, as with a driver that does not know how to wait. */
  @Override
  public int awaitReadable(Fd fd, long timeoutNanos) {
    waitCount++;
    return of(fd) == null ? -Errno.EBADF.number() : 1;
  }

  @Override
  public MemorySegment map(Fd fd, long offset, long length, boolean writable, Arena arena)
      throws LinuxException {
    if (of(fd) == null) {
      throw new LinuxException("mmap", fd.name(), Errno.EBADF);
    }
    return device.bar(offset, length);
  }
}

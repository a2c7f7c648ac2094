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
 * A simulated device behind the kernel's VFIO interface: as {@code /dev/vfio/0} with a container, and as
 * {@code /dev/vfio/devices/vfio0} with {@code /dev/iommu}. Its descriptors are real ones of empty files, so that
 * leaks are visible. Confined to one thread at a time.
 *
 * <p>
 * As Linux does, it returns the requested state from a failed transition, permits one open file for a group,
 * requires a container before a device and a binding before anything else, and does not change a device that is
 * closed.
 */
public final class ScriptedKernel implements DeviceCalls {

  /** The number of the group. */
  public static final int GROUP = 0;
  /** The name of the device's own file. */
  public static final String CDEV = "vfio0";

  private static final AtomicLong FILES = new AtomicLong();
  /** Represents read(2) among the requests. */
  private static final int READ = -1;

  private record OpenFile(String name, ScriptedFile file) {
  }

  /** An answer to the next calls of a request, which are not executed. */
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
   * Creates a kernel.
   *
   * @param device its only device
   * @param profile the kernel's properties
   */
  public ScriptedKernel(MigratableDevice device, KernelProfile profile) {
    this.profile = profile;
    this.device = new ScriptedDevice(this, device, profile);
  }

  /** Makes the next calls of a request fail. */
  public void fail(int request, Errno errno, int times) {
    answer(request, -errno.number(), times);
  }

  /** Sets the answer to the next calls of a request, which are not executed. */
  public void answer(int request, int answer, int times) {
    scriptedAnswers.add(new ScriptedAnswer(request, answer, times));
  }

  /**
   * Modifies the answers to a request from now on.
   *
   * @param change receives the argument with the answer
   */
  public void changeAnswer(int request, Consumer<MemorySegment> change) {
    answerChanges.put(request, change);
  }

  /** Makes the next reads of data sessions fail. */
  public void failReads(Errno errno, int times) {
    fail(READ, errno, times);
  }

  /** Returns how often a caller waited for readable data. */
  public int waitCount() {
    return waitCount;
  }

  /** Makes a file fail to open. */
  public void failOpen(String path, Errno errno) {
    openErrors.put(path, errno);
  }

  /** Interrupts each call once with a signal, before it has any effect. */
  public void interruptEachCall() {
    interrupting = true;
  }

  /** Returns the requests that were made, in order. */
  public List<Integer> requests() {
    return List.copyOf(requests);
  }

  /** Makes the device write to memory, which both its own log and that of the IOMMU record. */
  public void write(long iova) {
    device.write(iova, 1);
    memory.write(iova);
  }

  /** Returns the memory mapped for the device. */
  public ScriptedMemory memory() {
    return memory;
  }

  /** Raises an interrupt, if it has an eventfd. */
  public void raise(int index, int vector) throws LinuxException {
    device.raise(index, vector);
  }

  /** Returns the open descriptors by kind of file. */
  public List<String> openFiles() {
    return files.entrySet().stream().filter(file -> isOpen(file.getKey(), file.getValue()))
        .map(file -> file.getValue().name.substring(0, file.getValue().name.indexOf('#'))).sorted().toList();
  }

  /** The number of a closed descriptor may have been reused. */
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

  /** Opens a descriptor for a scripted file. */
  int install(String kind, ScriptedFile file) {
    String name = kind + "#" + FILES.incrementAndGet();
    try {
      // Only the number is kept: the caller owns the descriptor.
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

  /** Returns the file of a descriptor number of this kernel. */
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

  /** Returns the file of a descriptor, or null if it is closed. */
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

  /** Returns the scripted answer to a request, if one is set. */
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

  /** {@inheritDoc} Always readable, as with a driver that does not implement poll. */
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

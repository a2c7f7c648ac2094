// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.device;

import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.util.TaskWaiter;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * The devices of one side, each with its own thread. An operation on all of them is a barrier: it completes
 * when every thread has completed it.
 */
public final class DeviceGroup implements AutoCloseable {

  private final List<DeviceThread> threads;
  private final Duration arcTimeout;

  public DeviceGroup(List<MigratableDevice> devices, PhaseTracker tracker, Duration arcTimeout) {
    this.threads = IntStream.range(0, devices.size())
        .mapToObj(number -> new DeviceThread(new MigratingDevice(devices.get(number), number, tracker),
            "vfio4j-%s-device-%d".formatted(tracker.side(), number)))
        .toList();
    this.arcTimeout = arcTimeout;
  }

  public List<MigratingDevice> devices() {
    return threads.stream().map(DeviceThread::device).toList();
  }

  public int size() {
    return threads.size();
  }

  /** Returns the timeout for device calls. */
  public Duration arcTimeout() {
    return arcTimeout;
  }

  public DeviceThread thread(int number) {
    return threads.get(number);
  }

  /** Starts a task for every device. */
  public <T> List<CompletableFuture<T>> start(DeviceThread.Task<T> task) {
    return threads.stream().map(thread -> thread.submit(task)).toList();
  }

  /**
   * Runs a task for every device, and waits for all of them.
   *
   * @param what the task, for the error message of a timeout, as in {@code move it to STOP}
   * @throws ArcTimeoutException if a call did not return in time
   * @throws IOException the first failure, in which the others are suppressed
   */
  public <T> List<T> callAll(String what, TaskWaiter waiter, DeviceThread.Task<T> task) throws IOException {
    List<CompletableFuture<T>> calls = start(task);
    boolean done;
    try {
      done = waiter.await(calls, TaskWaiter.Limit.of(arcTimeout));
    } catch (IOException | RuntimeException | Error e) {
      markHung(calls);
      throw e;
    }
    if (!done) {
      throw new ArcTimeoutException(markHung(calls), what, arcTimeout);
    }
    return calls.stream().map(CompletableFuture::resultNow).toList();
  }

  /** Returns the identity, features and state of all devices, without changing them. */
  public List<Hello.Device> describe(TaskWaiter waiter) throws IOException {
    return describe(waiter, _ -> false);
  }

  /** Returns the same, without the state of devices that will be reset first. */
  public List<Hello.Device> describe(TaskWaiter waiter, Predicate<MigratableDevice> resettable)
      throws IOException {
    return callAll("describe it", waiter, device -> {
      Hello.Device introduced = Hello.Device.of(device.device(), device.queryState());
      return resettable.test(device.device()) ? introduced.withoutState() : introduced;
    });
  }

  /** Marks the devices whose calls have not returned as hung, and returns their names. */
  public List<String> markHung(List<? extends CompletableFuture<?>> calls) {
    List<String> hung = new ArrayList<>();
    for (int number = 0; number < calls.size(); number++) {
      if (!calls.get(number).isDone()) {
        MigratingDevice device = threads.get(number).device();
        device.markHung();
        hung.add(device.name());
      }
    }
    return hung;
  }

  /** Moves all devices at once, each to its own target state, or not at all. */
  public void move(Function<MigratingDevice, Optional<DeviceState>> where, String what, String reason,
      TaskWaiter waiter)
      throws IOException {
    callAll(what, waiter, device -> {
      Optional<DeviceState> target = where.apply(device);
      if (target.isPresent()) {
        device.move(target.get(), reason);
      }
      return device;
    });
  }

  /** Moves all devices to one state at once. */
  public void move(DeviceState where, String reason, TaskWaiter waiter) throws IOException {
    move(_ -> Optional.of(where), "move it to " + where, reason, waiter);
  }

  /**
   * Resets all devices and moves them to RESUMING; their own state is lost.
   *
   * @return the longest transition to RESUMING
   */
  public Duration resetToResuming(TaskWaiter waiter) throws IOException {
    return callAll("be reset and move to RESUMING", waiter, device -> {
      device.reset("before loading");
      return device.timedMove(DeviceState.RESUMING, "loading");
    }).stream().max(Duration::compareTo).orElse(Duration.ZERO);
  }

  /**
   * Starts all devices, which are stopped. All are in RUNNING_P2P before any is in RUNNING, so that none
   * accesses a device that is still stopped.
   */
  public void setRunning(String reason, TaskWaiter waiter) throws IOException {
    move(device -> device.has(MigrationFeature.P2P)
        ? Optional.of(DeviceState.RUNNING_P2P)
        : Optional.empty(), "move it to RUNNING_P2P", reason, waiter);
    move(DeviceState.RUNNING, reason, waiter);
  }

  /** Closes all data sessions; the devices keep their states. */
  @Override
  public void close() {
    threads.forEach(DeviceThread::close);
  }
}

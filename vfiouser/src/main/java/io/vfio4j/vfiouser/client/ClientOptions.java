// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.wire.SocketTransport;
import java.time.Duration;

/**
 * How to connect to a server.
 *
 * @param limits what the client takes; the lower of its and the server's values is in force
 * @param keepState whether the server is asked to leave the device as it is, if it is in RUNNING, when this client
 *     goes away
 * @param keepStopped whether the server is asked, beyond {@code keepState}, to leave a device that stands still with its
 *     state (STOP, STOP_COPY) in STOP, and one that runs while its state is read (PRE_COPY and the P2P states) in
 *     RUNNING: for who takes the state of a device, and may die of it
 * @param twinSocket whether the server is asked to send its own commands, for memory that is reached by message, over
 *     a second socket, where they need not wait for what the client does on the first
 * @param timeout how long an exchange with the server may take: to read a command, carry it out and answer
 * @param migrationTimeout how long one may take that moves or resets the device, or carries its state; at least as long
 *     as any other
 * @param busyPoll how long the client looks for an answer again and again before it sleeps; zero for not at all. It
 *     saves the time to wake up, and costs a processor
 * @param socketBuffer bytes that the kernel may hold on their way to the server; the system may set a lower bound
 */
public record ClientOptions(Limits limits, boolean keepState, boolean keepStopped, boolean twinSocket,
    Duration timeout, Duration migrationTimeout, Duration busyPoll, int socketBuffer) {

  /** The protocol's limits, no state kept, one socket, ten seconds, no looking again and again. */
  public static final ClientOptions DEFAULT =
      new ClientOptions(Limits.DEFAULT, false, false, false, Duration.ofSeconds(10),
          Duration.ofSeconds(10), Duration.ZERO, SocketTransport.DEFAULT_BUFFER);

  /** Checks that the server is given some time, and the kernel some memory. */
  public ClientOptions {
    SocketTransport.checkSettings(timeout, busyPoll, socketBuffer);
    if (migrationTimeout.compareTo(timeout) < 0) {
      throw new IllegalArgumentException(
          "a timeout of %s for the device's moves, which is less than the %s of others"
              .formatted(migrationTimeout, timeout));
    }
  }

  /** Returns these options with another wish for what becomes of the device. */
  public ClientOptions withKeepState(boolean keep) {
    return new ClientOptions(limits, keep, keepStopped, twinSocket, timeout, migrationTimeout, busyPoll,
        socketBuffer);
  }

  /** Returns these options with another wish for what becomes of a device that does not run. */
  public ClientOptions withKeepStopped(boolean keep) {
    return new ClientOptions(limits, keepState, keep, twinSocket, timeout, migrationTimeout, busyPoll,
        socketBuffer);
  }

  /** Returns these options with or without the wish for a second socket. */
  public ClientOptions withTwinSocket(boolean wanted) {
    return new ClientOptions(limits, keepState, keepStopped, wanted, timeout, migrationTimeout, busyPoll,
        socketBuffer);
  }

  /** Returns these options with other limits. */
  public ClientOptions withLimits(Limits offered) {
    return new ClientOptions(offered, keepState, keepStopped, twinSocket, timeout, migrationTimeout, busyPoll,
        socketBuffer);
  }

  /** Returns these options with another patience, also for what moves the device or carries its state. */
  public ClientOptions withTimeout(Duration patience) {
    return new ClientOptions(limits, keepState, keepStopped, twinSocket, patience, patience, busyPoll,
        socketBuffer);
  }

  /** Returns these options with another patience for what moves or resets the device, or carries its state. */
  public ClientOptions withMigrationTimeout(Duration patience) {
    return new ClientOptions(limits, keepState, keepStopped, twinSocket, timeout, patience, busyPoll,
        socketBuffer);
  }

  /** Returns these options with another time to look for an answer before sleeping. */
  public ClientOptions withBusyPoll(Duration time) {
    return new ClientOptions(limits, keepState, keepStopped, twinSocket, timeout, migrationTimeout, time,
        socketBuffer);
  }

  /** Returns these options with another size of the kernel's buffers. */
  public ClientOptions withSocketBuffer(int bytes) {
    return new ClientOptions(limits, keepState, keepStopped, twinSocket, timeout, migrationTimeout, busyPoll,
        bytes);
  }
}

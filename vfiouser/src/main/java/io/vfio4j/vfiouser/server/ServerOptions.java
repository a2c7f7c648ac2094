// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.recording.Recording;
import io.vfio4j.vfiouser.wire.SocketTransport;
import java.time.Duration;
import java.util.Optional;

/**
 * How a device is served.
 *
 * @param limits what the server takes; the lower of its and the client's values is in force
 * @param keepState whether a device in RUNNING is left as it is when a client goes away
 * @param once whether the server ends with its first client
 * @param stallTimeout how long a client may take for a message, sent or received, and for an answer
 * @param versions how a device that can migrate is driven
 * @param busyPoll how long the server looks for the next message again and again before it sleeps; zero for not at
 *     all. It saves the time to wake up, and costs a processor
 * @param socketBuffer bytes that the kernel may hold on their way to the client; the system may set a lower bound
 * @param recording takes down the sessions; it stays the caller's
 * @param mappableFiles which files of a client are mapped; others are read and written
 */
public record ServerOptions(Limits limits, KeepState keepState, boolean once, Duration stallTimeout,
    MigrationVersions versions, Duration busyPoll, int socketBuffer,
    Optional<Recording> recording, MappableFiles mappableFiles) {

  /** Serves one client after the other, and resets the device in between. */
  public static final ServerOptions DEFAULT = new ServerOptions(Limits.DEFAULT, KeepState.ON_REQUEST, false,
      Duration.ofSeconds(10), MigrationVersions.V2, Duration.ZERO, SocketTransport.DEFAULT_BUFFER,
      Optional.empty(), MappableFiles.MEMORY);

  /** Checks that a client is given some time, and the kernel some memory. */
  public ServerOptions {
    SocketTransport.checkSettings(stallTimeout, busyPoll, socketBuffer);
  }

  /** Returns these options with a device that is left as it is for every client, or else for those that ask. */
  public ServerOptions withKeepState(boolean always) {
    return withKeepState(always ? KeepState.ALWAYS : KeepState.ON_REQUEST);
  }

  /** Returns these options with another way to treat the device when a client goes away. */
  public ServerOptions withKeepState(KeepState keep) {
    return new ServerOptions(limits, keep, once, stallTimeout, versions, busyPoll, socketBuffer, recording,
        mappableFiles);
  }

  /** Returns these options for a server that ends, or not, with its first client. */
  public ServerOptions withOnce(boolean endsWithClient) {
    return new ServerOptions(limits, keepState, endsWithClient, stallTimeout, versions, busyPoll,
        socketBuffer, recording, mappableFiles);
  }

  /** Returns these options with other limits. */
  public ServerOptions withLimits(Limits offered) {
    return new ServerOptions(offered, keepState, once, stallTimeout, versions, busyPoll, socketBuffer,
        recording, mappableFiles);
  }

  /** Returns these options with another patience. */
  public ServerOptions withStallTimeout(Duration timeout) {
    return new ServerOptions(limits, keepState, once, timeout, versions, busyPoll, socketBuffer, recording,
        mappableFiles);
  }

  /** Returns these options with other versions of the migration interface. */
  public ServerOptions withVersions(MigrationVersions offered) {
    return new ServerOptions(limits, keepState, once, stallTimeout, offered, busyPoll, socketBuffer,
        recording, mappableFiles);
  }

  /** Returns these options with another time to look for messages before sleeping. */
  public ServerOptions withBusyPoll(Duration time) {
    return new ServerOptions(limits, keepState, once, stallTimeout, versions, time, socketBuffer, recording,
        mappableFiles);
  }

  /** Returns these options with another size of the kernel's buffers. */
  public ServerOptions withSocketBuffer(int bytes) {
    return new ServerOptions(limits, keepState, once, stallTimeout, versions, busyPoll, bytes, recording,
        mappableFiles);
  }

  /** Returns these options with a recording of the sessions. */
  public ServerOptions withRecording(Recording taken) {
    return new ServerOptions(limits, keepState, once, stallTimeout, versions, busyPoll, socketBuffer,
        Optional.of(taken), mappableFiles);
  }

  /** Returns these options with other files of clients that are mapped. */
  public ServerOptions withMappableFiles(MappableFiles mapped) {
    return new ServerOptions(limits, keepState, once, stallTimeout, versions, busyPoll, socketBuffer,
        recording, mapped);
  }
}

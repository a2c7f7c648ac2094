// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.vfiouser.recording.FdKind;
import io.vfio4j.vfiouser.recording.RecordedFd;
import io.vfio4j.vfiouser.recording.RecordingEntry;
import io.vfio4j.vfiouser.recording.RecordingEvent;
import io.vfio4j.vfiouser.recording.RecordingEventReader;
import io.vfio4j.vfiouser.recording.RecordingReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A connection of a recording.
 *
 * @param records the data of the system calls, in order
 * @param messages the messages, in order
 */
record RecordedConnection(List<RecordingEntry> records, List<RecordingEvent.Message> messages) {

  /** Exceeds the longest message. */
  private static final int MAX_MESSAGE = 4 << 20;
  private static final int NO_REPLY = WireMessage.NO_REPLY;
  private static final int MAX_BODY = 0xffff;

  /** Reads the connections of a recording. */
  static List<RecordedConnection> read(Path file) throws IOException {
    Map<Integer, RecordedConnection> connections = new TreeMap<>();
    try (RecordingReader reader = new RecordingReader(open(file))) {
      for (RecordingEntry next = reader.next(); next != null; next = reader.next()) {
        connection(connections, next.connection()).records.add(next);
      }
    }
    try (RecordingReader reader = new RecordingReader(open(file))) {
      RecordingEventReader messages = new RecordingEventReader(reader, MAX_MESSAGE);
      for (RecordingEvent next = messages.next(); next != null; next = messages.next()) {
        if (next instanceof RecordingEvent.Message message) {
          connection(connections, next.connection()).messages.add(message);
        }
      }
    }
    return List.copyOf(connections.values());
  }

  private static InputStream open(Path file) throws IOException {
    return new BufferedInputStream(Files.newInputStream(file));
  }

  private static RecordedConnection connection(Map<Integer, RecordedConnection> connections, int number) {
    return connections.computeIfAbsent(number,
        _ -> new RecordedConnection(new ArrayList<>(), new ArrayList<>()));
  }

  /** Returns the client's messages as a seed input. */
  FuzzInput toInput() {
    List<Op> ops = new ArrayList<>();
    for (RecordingEvent.Message message : messages) {
      WireMessage header = WireMessage.read(message.bytes());
      byte[] body = message.bytes().asSlice(WireMessage.HEADER).toArray(ValueLayout.JAVA_BYTE);
      if (message.fromClient() && message.channel() == 0 && header.isCommand() && body.length <= MAX_BODY) {
        ops.add(new Op.Message(header.command(), header.flags() & NO_REPLY, spec(message.fds()), body));
      }
    }
    return new FuzzInput(0, ops);
  }

  private static int spec(List<RecordedFd> fds) {
    if (fds.isEmpty()) {
      return 0;
    }
    int count = Math.min(fds.size(), 4);
    int kind = switch (fds.getFirst().kind()) {
      case EVENTFD -> FdPool.EVENT;
      case SOCKET -> FdPool.SOCKET;
      case MEMFD, FILE -> fds.getFirst().size() > FdPool.MEMORY_SIZE ? FdPool.HUGE_MEMORY : FdPool.MEMORY;
      case PIPE, OTHER -> FdPool.SOCKET;
    };
    return FdPool.spec(kind) - 1 + count;
  }

  /** Returns the server's messages. */
  List<RecordingEvent.Message> fromServer() {
    return messages.stream().filter(message -> !message.fromClient() && message.channel() == 0).toList();
  }

  static boolean isMemory(RecordedFd fd) {
    return fd.kind() == FdKind.MEMFD || fd.kind() == FdKind.FILE;
  }

  static byte[] bytes(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.DMA_MAP;
import static io.vfio4j.testkit.foreign.WireConstants.DMA_UNMAP;
import static io.vfio4j.testkit.foreign.WireConstants.FEATURE;
import static io.vfio4j.testkit.foreign.WireConstants.GET_INFO;
import static io.vfio4j.testkit.foreign.WireConstants.GET_IRQ_INFO;
import static io.vfio4j.testkit.foreign.WireConstants.GET_REGION_INFO;
import static io.vfio4j.testkit.foreign.WireConstants.MIG_DATA_READ;
import static io.vfio4j.testkit.foreign.WireConstants.MIG_DATA_WRITE;
import static io.vfio4j.testkit.foreign.WireConstants.MIG_GET_PRECOPY_INFO;
import static io.vfio4j.testkit.foreign.WireConstants.REGION_READ;
import static io.vfio4j.testkit.foreign.WireConstants.REGION_WRITE;
import static io.vfio4j.testkit.foreign.WireConstants.RESET;
import static io.vfio4j.testkit.foreign.WireConstants.SET_IRQS;
import static io.vfio4j.testkit.foreign.WireConstants.VERSION;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** A foreign server's connection to one client, from VERSION to the end. */
final class ForeignServerConnection implements Board.ClientRequests {

  private static final byte[] EMPTY = {};

  private final WireSocket wire;
  private final Set<ServerTrait> traits;
  private final Board board;
  private final MigrationCommands migration;
  private final Consumer<String> violations;
  private final PeerLimits own;
  private PeerLimits inForce;
  /** Requests that arrived while a reply was awaited. */
  private final Deque<WireMessage> deferredRequests = new ArrayDeque<>();
  private int nextId = 0x8000;

  ForeignServerConnection(WireSocket wire, Set<ServerTrait> traits, Board board, MigrationCommands migration,
      Consumer<String> complaints) {
    this.wire = wire;
    this.traits = traits;
    this.board = board;
    this.migration = migration;
    this.violations = complaints;
    PeerLimits accepted =
        traits.contains(ServerTrait.MINIMAL_LIMITS) ? PeerLimits.MINIMAL : PeerLimits.DEFAULT;
    boolean isSilent = traits.contains(ServerTrait.OMITS_FD_LIMIT) || traits.contains(ServerTrait.NO_JSON);
    own = isSilent ? new PeerLimits(1, accepted.data(), accepted.maps()) : accepted;
    inForce = own;
  }

  /** Serves until the client disconnects. */
  void serve() throws IOException {
    try {
      while (handleNext()) {
        // Each message is closed by then.
      }
    } finally {
      deferredRequests.forEach(WireMessage::close);
    }
  }

  private boolean handleNext() throws IOException {
    WireMessage before = deferredRequests.poll();
    try (WireMessage request = before != null ? before : wire.receive()) {
      if (request != null) {
        handle(request);
      }
      return request != null;
    }
  }

  private void handle(WireMessage request) throws IOException {
    Reply reply;
    try {
      reply = execute(request);
    } catch (ErrnoException e) {
      reply = Reply.error(e.errno());
    } catch (DeviceException e) {
      reply = Reply.error(e.errno());
    }
    if (request.wantsReply()) {
      wire.send(request.header().reply(reply.flags(), reply.errno()), reply.body(), List.of());
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Reply(int flags, int errno, byte[] body) {

    static Reply of(byte[] body) {
      return new Reply(WireConstants.REPLY, 0, body);
    }

    static Reply error(Errno errno) {
      return new Reply(WireConstants.REPLY | WireConstants.ERROR, errno.number(), EMPTY);
    }
  }

  private Reply execute(WireMessage request) throws IOException, ErrnoException {
    if (request.isReply()) {
      throw new ProtocolViolationException("a reply without a request");
    }
    if (request.fds().count() > inForce.fds()) {
      throw rejection("%d descriptors in a message".formatted(request.fds().count()));
    }
    DeviceState state = migration.state();
    if (traits.contains(ServerTrait.REFUSES_WHILE_STOPPED) && !isAllowed(request.command(), state)) {
      throw new ErrnoException(Errno.EINVAL, "command %d in %s".formatted(request.command(), state));
    }
    return Reply.of(switch (request.command()) {
      case VERSION -> version(request);
      case GET_INFO -> MessageBody.empty().u32(16, traits.contains(ServerTrait.NO_RESET_FLAG) ? 2 : 3,
          WireConstants.REGIONS, WireConstants.IRQS).toBytes();
      case GET_REGION_INFO -> board.regionInfo(request);
      case GET_IRQ_INFO -> board.irqInfo(request);
      case SET_IRQS -> board.setIrqs(request);
      case REGION_READ -> board.read(requireBounded(request, 12));
      case REGION_WRITE -> board.write(requireBounded(request, 12), this);
      case DMA_MAP -> board.map(request, inForce.maps());
      case DMA_UNMAP -> board.unmap(request);
      case RESET -> {
        board.reset();
        migration.reset();
        yield EMPTY;
      }
      case FEATURE -> migration.feature(request);
      case MIG_DATA_READ -> migration.read(requireBounded(request, 4));
      case MIG_DATA_WRITE -> migration.write(requireBounded(request, 4));
      case MIG_GET_PRECOPY_INFO -> migration.preCopyInfo(request);
      default -> throw rejection("command %d, which was not negotiated".formatted(request.command()));
    });
  }

  /** Which commands libvfio-user accepts in a device state. */
  private static boolean isAllowed(int command, DeviceState state) {
    return switch (command) {
      case VERSION, FEATURE, MIG_DATA_READ, MIG_DATA_WRITE, DMA_UNMAP -> true;
      case REGION_READ, REGION_WRITE -> state != DeviceState.STOP_COPY;
      default -> state != DeviceState.STOP && state != DeviceState.STOP_COPY;
    };
  }

  /** Checks the size of the data, as given in a field, against the negotiated limit. */
  private WireMessage requireBounded(WireMessage request, int at) throws ErrnoException {
    int size = request.u32(at);
    if (size < 0 || size > inForce.data()) {
      throw rejection(
          "%s bytes of data by command %d".formatted(Integer.toUnsignedString(size), request.command()));
    }
    return request;
  }

  private ErrnoException rejection(String what) {
    violations.accept(what);
    return new ErrnoException(Errno.EINVAL, what);
  }

  private byte[] version(WireMessage request) throws ErrnoException {
    int minor = request.u32(0) >>> 16;
    byte[] text = request.bytes(4, request.body().limit() - 4);
    inForce = own.min(new String(text, StandardCharsets.UTF_8));
    MessageBody reply =
        MessageBody.empty().u16(0, traits.contains(ServerTrait.VERSION_0_0) ? 0 : Math.min(minor, 2));
    if (!traits.contains(ServerTrait.NO_JSON)) {
      reply.text(traits.contains(ServerTrait.OMITS_FD_LIMIT) ? own.jsonWithoutFds() : own.json());
    }
    return reply.toBytes();
  }

  /** {@inheritDoc} Commands that arrive before the reply are executed afterwards. */
  @Override
  public byte[] request(int command, byte[] body) throws IOException, ErrnoException {
    int id = nextId++ & 0xffff;
    wire.send(WireHeader.request(id, command), body, List.<Fd>of());
    while (true) {
      WireMessage answer = wire.receive();
      if (answer == null) {
        throw new ProtocolViolationException(
            "the client closed the connection instead of replying to command " + command);
      }
      if (!answer.isReply()) {
        deferredRequests.add(answer);
        continue;
      }
      try (answer) {
        if (answer.id() != id || answer.command() != command) {
          throw new ProtocolViolationException("a reply to another request");
        }
        if (answer.isError()) {
          throw new ErrnoException(new Errno(answer.errno()), "the client refused command " + command);
        }
        return answer.bytes(0, answer.body().limit());
      }
    }
  }
}

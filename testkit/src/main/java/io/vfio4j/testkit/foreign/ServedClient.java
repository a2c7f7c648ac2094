// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireNumbers.DMA_MAP;
import static io.vfio4j.testkit.foreign.WireNumbers.DMA_UNMAP;
import static io.vfio4j.testkit.foreign.WireNumbers.FEATURE;
import static io.vfio4j.testkit.foreign.WireNumbers.GET_INFO;
import static io.vfio4j.testkit.foreign.WireNumbers.GET_IRQ_INFO;
import static io.vfio4j.testkit.foreign.WireNumbers.GET_REGION_INFO;
import static io.vfio4j.testkit.foreign.WireNumbers.MIG_DATA_READ;
import static io.vfio4j.testkit.foreign.WireNumbers.MIG_DATA_WRITE;
import static io.vfio4j.testkit.foreign.WireNumbers.MIG_GET_PRECOPY_INFO;
import static io.vfio4j.testkit.foreign.WireNumbers.REGION_READ;
import static io.vfio4j.testkit.foreign.WireNumbers.REGION_WRITE;
import static io.vfio4j.testkit.foreign.WireNumbers.RESET;
import static io.vfio4j.testkit.foreign.WireNumbers.SET_IRQS;
import static io.vfio4j.testkit.foreign.WireNumbers.VERSION;

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

/** One client of a foreign server, from its VERSION to its end. */
final class ServedClient implements Board.Asking {

  private static final byte[] NOTHING = {};

  private final WireSocket wire;
  private final Set<ServerTrait> traits;
  private final Board board;
  private final MigrationCommands migration;
  private final Consumer<String> complaints;
  private final PeerLimits own;
  private PeerLimits inForce;
  /** What came while an answer of the client's was waited for. */
  private final Deque<WireMessage> crossed = new ArrayDeque<>();
  private int nextId = 0x8000;

  ServedClient(WireSocket wire, Set<ServerTrait> traits, Board board, MigrationCommands migration,
      Consumer<String> complaints) {
    this.wire = wire;
    this.traits = traits;
    this.board = board;
    this.migration = migration;
    this.complaints = complaints;
    PeerLimits accepted = traits.contains(ServerTrait.TINY_LIMITS) ? PeerLimits.TINY : PeerLimits.USUAL;
    boolean isSilent = traits.contains(ServerTrait.NAMES_NO_FDS) || traits.contains(ServerTrait.NO_JSON);
    own = isSilent ? new PeerLimits(1, accepted.data(), accepted.maps()) : accepted;
    inForce = own;
  }

  /** Serves until the client is gone. */
  void serve() throws IOException {
    try {
      while (answerNext()) {
        // Each message is closed by then.
      }
    } finally {
      crossed.forEach(WireMessage::close);
    }
  }

  private boolean answerNext() throws IOException {
    WireMessage before = crossed.poll();
    try (WireMessage asked = before != null ? before : wire.receive()) {
      if (asked != null) {
        answer(asked);
      }
      return asked != null;
    }
  }

  private void answer(WireMessage asked) throws IOException {
    Reply reply;
    try {
      reply = carryOut(asked);
    } catch (ErrnoException e) {
      reply = Reply.error(e.errno());
    } catch (DeviceException e) {
      reply = Reply.error(e.errno());
    }
    if (asked.wantsReply()) {
      wire.send(asked.id(), asked.command(), reply.flags(), reply.errno(), reply.body(), List.of());
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Reply(int flags, int errno, byte[] body) {

    static Reply of(byte[] body) {
      return new Reply(WireNumbers.REPLY, 0, body);
    }

    static Reply error(Errno errno) {
      return new Reply(WireNumbers.REPLY | WireNumbers.ERROR, errno.number(), NOTHING);
    }
  }

  private Reply carryOut(WireMessage asked) throws IOException, ErrnoException {
    if (asked.isReply()) {
      throw new PeerComplaint("a reply that nothing was asked for");
    }
    if (asked.fds().count() > inForce.fds()) {
      throw refused("%d descriptors in a message".formatted(asked.fds().count()));
    }
    DeviceState state = migration.state();
    if (traits.contains(ServerTrait.REFUSES_WHILE_STOPPED) && !isAllowed(asked.command(), state)) {
      throw new ErrnoException(Errno.EINVAL, "command %d in %s".formatted(asked.command(), state));
    }
    return Reply.of(switch (asked.command()) {
      case VERSION -> version(asked);
      case GET_INFO -> WireBody.empty().u32(16, traits.contains(ServerTrait.DENIES_RESET) ? 2 : 3,
          WireNumbers.REGIONS, WireNumbers.IRQS).toBytes();
      case GET_REGION_INFO -> board.regionInfo(asked);
      case GET_IRQ_INFO -> board.irqInfo(asked);
      case SET_IRQS -> board.setIrqs(asked);
      case REGION_READ -> board.read(bounded(asked, 12));
      case REGION_WRITE -> board.write(bounded(asked, 12), this);
      case DMA_MAP -> board.map(asked, inForce.maps());
      case DMA_UNMAP -> board.unmap(asked);
      case RESET -> {
        board.reset();
        migration.reset();
        yield NOTHING;
      }
      case FEATURE -> migration.feature(asked);
      case MIG_DATA_READ -> migration.read(bounded(asked, 4));
      case MIG_DATA_WRITE -> migration.write(bounded(asked, 4));
      case MIG_GET_PRECOPY_INFO -> migration.preCopyInfo(asked);
      default -> throw refused("command %d, which was not agreed on".formatted(asked.command()));
    });
  }

  /** The rules of the reference C library. */
  private static boolean isAllowed(int command, DeviceState state) {
    return switch (command) {
      case VERSION, FEATURE, MIG_DATA_READ, MIG_DATA_WRITE, DMA_UNMAP -> true;
      case REGION_READ, REGION_WRITE -> state != DeviceState.STOP_COPY;
      default -> state != DeviceState.STOP && state != DeviceState.STOP_COPY;
    };
  }

  /** Checks the size of the data, which stands in a field, against what was agreed on. */
  private WireMessage bounded(WireMessage asked, int at) throws ErrnoException {
    int size = asked.u32(at);
    if (size < 0 || size > inForce.data()) {
      throw refused(
          "%s bytes of data by command %d".formatted(Integer.toUnsignedString(size), asked.command()));
    }
    return asked;
  }

  private ErrnoException refused(String what) {
    complaints.accept(what);
    return new ErrnoException(Errno.EINVAL, what);
  }

  private byte[] version(WireMessage asked) throws ErrnoException {
    int minor = asked.u32(0) >>> 16;
    byte[] text = asked.bytes(4, asked.body().limit() - 4);
    inForce = own.lowered(new String(text, StandardCharsets.UTF_8));
    WireBody reply =
        WireBody.empty().u16(0, traits.contains(ServerTrait.VERSION_0_0) ? 0 : Math.min(minor, 2));
    if (!traits.contains(ServerTrait.NO_JSON)) {
      reply.text(traits.contains(ServerTrait.NAMES_NO_FDS) ? own.jsonWithoutFds() : own.json());
    }
    return reply.toBytes();
  }

  /** {@inheritDoc} Commands that cross the question are carried out afterwards. */
  @Override
  public byte[] ask(int command, byte[] body) throws IOException, ErrnoException {
    int id = nextId++ & 0xffff;
    wire.send(id, command, 0, 0, body, List.<Fd>of());
    while (true) {
      WireMessage answer = wire.receive();
      if (answer == null) {
        throw new PeerComplaint("the client went away instead of answering command " + command);
      }
      if (!answer.isReply()) {
        crossed.add(answer);
        continue;
      }
      try (answer) {
        if (answer.id() != id || answer.command() != command) {
          throw new PeerComplaint("a reply to something else than was asked");
        }
        if (answer.isError()) {
          throw new ErrnoException(new Errno(answer.errno()), "the client refuses command " + command);
        }
        return answer.bytes(0, answer.body().limit());
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The judge of a server's answers finds what is wrong with them. */
class DialogueTest {

  private static final int READ = 9;
  private static final int WRITE = 10;

  private final Dialogue dialogue = new Dialogue();

  private static MemorySegment message(int id, int command, int flags, int errno, int body) {
    return MemorySegment.ofArray(WireMessage.message(id, command, flags, errno, new byte[body]));
  }

  private void ask(int id, int command, int flags) {
    dialogue.sent(message(id, command, flags, 0, 20));
  }

  private void answer(int id, int command, int flags, int errno) {
    dialogue.received(message(id, command, flags, errno, 4), MemorySegment.NULL);
  }

  private void assertWrong(int id, int command, int flags, int errno) {
    assertThatExceptionOfType(BrokenPropertyException.class)
        .isThrownBy(() -> answer(id, command, flags, errno));
  }

  @Test
  void rightAnswersAreRight() {
    ask(1, READ, 0);
    ask(2, WRITE, WireMessage.NO_REPLY);
    ask(3, WRITE, 0);

    assertThatCode(() -> {
      answer(1, READ, WireMessage.REPLY, 0);
      answer(0, WireMessage.DMA_READ, 0, 0);
      answer(3, WRITE, WireMessage.REPLY | WireMessage.ERROR, 22);
    }).doesNotThrowAnyException();
    assertThat(dialogue.messages()).isEqualTo(3);
  }

  @Test
  void whatWasNotAskedIsFound() {
    assertWrong(1, READ, WireMessage.REPLY, 0);
  }

  @Test
  void anAnswerTwiceIsFound() {
    ask(1, READ, 0);
    answer(1, READ, WireMessage.REPLY, 0);
    assertWrong(1, READ, WireMessage.REPLY, 0);
  }

  @Test
  void anAnswerOutOfTurnIsFound() {
    ask(1, READ, 0);
    ask(2, READ, 0);
    assertWrong(2, READ, WireMessage.REPLY, 0);
  }

  @Test
  void anAnswerToWhatWantsNoneIsFound() {
    ask(1, WRITE, WireMessage.NO_REPLY);
    ask(2, READ, 0);
    assertWrong(1, WRITE, WireMessage.REPLY, 0);
  }

  @Test
  void anErrorWithoutANumberAndANumberWithoutAnErrorAreFound() {
    ask(1, READ, 0);
    assertWrong(1, READ, WireMessage.REPLY | WireMessage.ERROR, 0);
    assertWrong(1, READ, WireMessage.REPLY, 5);
  }

  @Test
  void aCommandThatIsNoneOfTheServersIsFound() {
    assertWrong(1, READ, 0, 0);
  }

  @Test
  void aWrongLengthIsFound() {
    ask(1, READ, 0);
    MemorySegment longer = message(1, READ, WireMessage.REPLY, 0, 8).asSlice(0, 20);
    assertThatExceptionOfType(BrokenPropertyException.class)
        .isThrownBy(() -> dialogue.received(longer, MemorySegment.NULL));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.Commands;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.engine.MigrationEvent;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A process that runs the command {@code swap} and stops at a step, after it has printed a line, until it gets a byte on
 * standard input. Without a step it prints all of them.
 */
public final class SteppedSwap {

  /** Precedes the name of a step in a line of standard output. */
  static final String REACHED = "reached: ";

  /** Stands for no step. */
  static final String ALL = "all";

  private SteppedSwap() {
  }

  /**
   * Runs the command.
   *
   * @param args the step, then the command line after {@code vfio4j}
   */
  public static void main(String[] args) {
    Termination.install();
    String[] command = Arrays.copyOfRange(args, 1, args.length);
    Termination.exit(Commands.commandLine(new SwapCommand(new Stepper(args[0]))).execute(command));
  }

  /** Returns the name of a step of the handover, which the engine does not report. */
  private static String name(SwapObserver.Step step) {
    return "connection " + step.name().toLowerCase(Locale.ROOT);
  }

  /** Stops at the first occurrence of a step. */
  private static final class Stepper implements SwapObserver {

    private final String chosen;
    private final AtomicBoolean reached = new AtomicBoolean();

    Stepper(String chosen) {
      this.chosen = chosen;
    }

    @Override
    public void on(MigrationEvent event) {
      event.stepName().ifPresent(this::at);
    }

    @Override
    public void onHandover(Step step) {
      at(name(step));
    }

    private void at(String step) {
      if (chosen.equals(ALL)) {
        System.out.println(REACHED + step);
      } else if (chosen.equals(step) && reached.compareAndSet(false, true)) {
        System.out.println(REACHED + step);
        try {
          System.in.read();
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }
}

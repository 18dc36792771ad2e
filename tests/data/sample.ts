import { oil } from "./cellar";

/**
 * The lamp of the old harbour; a class of its own.
 */
export class Lamp {
  private litres = 12;

  /** Every evening at six. */
  async light<T>(keeper: T): Promise<T> {
    if (this.litres <= 0) {
      await oil.fetch({ litres: 12 }, () => {
        this.litres = 12;
      });
    }
    return keeper;
  }
}

export const walk = (metres: number): number => metres / 2;

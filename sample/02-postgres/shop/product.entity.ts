import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity()
export class Product {
  @PrimaryColumn('text')
  declare name: string;

  /** How many of it left the house. */
  @Column('integer', { default: 0 })
  declare shipped: number;
}
